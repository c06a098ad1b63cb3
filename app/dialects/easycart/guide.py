"""The migration guide for clients of WP EasyCart."""

from app.http.migration_guides import Guide

GUIDE = Guide(
    "easycart",
    "WP EasyCart",
    "/easycart",
    (
        (
            "base URL `…/wp-json/…/`",
            "`$API/easycart/`",
        ),
        (
            "`Authorization: Bearer` with Base64 of `user_token:secret_key`",
            (
                "Bearer with a store's token, as it is or as Base64 of "
                "`anything:token`; Basic with the token as the password reads"
            ),
        ),
        (
            "`product_id`",
            "the id of a downloadable",
        ),
        (
            "`order_id`",
            (
                "`order_id`, which may be any text here; one that is no number shows "
                "as 0"
            ),
        ),
        (
            "`download_id`",
            "the id of the purchase",
        ),
        (
            "`download_count`",
            "`number_of_downloads`; 0 is what `fx:reset_usage` does",
        ),
        (
            "`download_file_name`",
            (
                "the file that the customer gets; the name of another file of the "
                "product keeps this download at it (`version_uri`), and an `http(s)` "
                "address sends this customer there (`url`)"
            ),
        ),
        (
            "`is_amazon`, `amazon_key`",
            (
                "whether the files are in an S3, and the object's name there. Another "
                "`amazon_key` registers an object that is in the bucket already: put "
                "it below `inbox/<store id>/` (of the prefix that "
                "`SIRENHALL_STORAGE_URL` has). It is copied, so that nobody can change "
                "what was sold, and is a version of the product that this download "
                "keeps; the answer has the copy's key. No other object can be named"
            ),
        ),
        (
            "limits on the product",
            "on the downloadable, else its category, when it was bought",
        ),
        (
            "400 for everything",
            (
                "400, 401, 403, 404, 409, 413, 415 or 422, with `code`, `message` and "
                "`data` as WordPress has them; `data.params` names each value that is "
                "wrong"
            ),
        ),
    ),
    (
        "Dates are in the store's time zone; adding a download that the order has "
        "already gives that one; `product_id` stays what it is; an unknown parameter "
        "or property is an error rather than ignored."
    ),
)
