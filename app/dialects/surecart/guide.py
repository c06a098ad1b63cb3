"""The migration guide for clients of SureCart."""

from app.http.migration_guides import Guide

GUIDE = Guide(
    "surecart",
    "SureCart",
    "/surecart/v1",
    (
        (
            "`https://api.surecart.com/v1/`",
            "`$API/surecart/v1/`",
        ),
        (
            "a secret token",
            "a store's token; one that only reads, reads",
        ),
        (
            "product",
            (
                "a downloadable; its `id` is the downloadable's `uuid`, its `sku` the "
                "`code`. Products are read here, and written as downloadables"
            ),
        ),
        (
            "download",
            "one of `fx:files` of the downloadable; the first one is its main file",
        ),
        (
            "`name`, `alt`, `title`, `archived`, `url`",
            "the same properties there; `is_archived` and `date_archived`",
        ),
        (
            "media",
            (
                "any file of the store, in `fx:library_files` or a version of a "
                "downloadable; one file that is used again keeps its `id`"
            ),
        ),
        (
            "`direct_upload/private`",
            (
                "an upload slot, for a day, which takes what was announced "
                "(`byte_size`, `checksum`) by `PUT` and nothing else; "
                "`direct_upload/public` is the same, since nothing here is public"
            ),
        ),
        (
            "`expose`",
            (
                "a signed link for a purchase whose `customer_id` is the customer; "
                "limits hold, and what is used up is 410"
            ),
        ),
        (
            (
                "`limit` (20, at most 100), `page`, `sort`, `archived`, `ids[]`, "
                "`product_ids[]`, `customer_ids[]`, `expand[]`"
            ),
            "the same; a greater limit counts as 100",
        ),
    ),
    (
        "What is deleted is answered with `id`, `object` and `deleted: true`; a media "
        "that a product needs can't be deleted (409); `release_json`, `height`, "
        "`width` and `variant` are always null; expansions of what is not here are "
        "left alone, and an unknown filter or property is an error rather than "
        "ignored. Prices, checkouts, licences and webhooks of SureCart are not "
        "supported: see `fx:downloadables` and `docs/webhooks.md`."
    ),
)
