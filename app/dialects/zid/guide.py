"""The migration guide for clients of Zid."""

from app.http.migration_guides import Guide

GUIDE = Guide(
    "zid",
    "Zid",
    "/zid/v1",
    (
        (
            "`https://api.zid.sa/v1/`",
            "`$API/zid/v1/`",
        ),
        (
            "`Authorization: Bearer` and `Access-Token` or `X-Manager-Token`",
            (
                "a store's token in any of them; what is sent must all be of one "
                "store. `Store-Id` must be that store's, if it is sent"
            ),
        ),
        (
            "`Role: Manager` (default), `Role: Customer`",
            (
                "managers see all languages, customers one, and no drafts, dates or "
                "cost; customers change nothing"
            ),
        ),
        (
            "`Accept-Language` (default `en`)",
            (
                "the language of prices, of what customers read, and of a bare text "
                "that is sent as `name`"
            ),
        ),
        (
            "`Currency`",
            (
                "the store's currency is answered, whatever is sent: nothing is "
                "converted"
            ),
        ),
        (
            ("`id`, `sku`, `name`, `description`, `price`, `is_draft`, `is_published`"),
            (
                "`uuid`, `code`, `name`, `description` and `fx:translations`, `price`, "
                "`is_published` of a downloadable; a draft is one that is not "
                "published"
            ),
        ),
        (
            (
                "`slug`, `sale_price`, `keywords`, `seo`, `purchase_restrictions`, "
                "`barcode`, `cost`, `display_order`, `is_taxable`, `short_description`"
            ),
            "`fx:offer`",
        ),
        (
            "`meta.download_limit`, `meta.expiration_period`",
            (
                "`max_downloads_per_customer`, and `max_downloads_time_period` in "
                "whole hours, of which a day has 24"
            ),
        ),
        (
            "`…/downloadables/`",
            "`fx:files` of the downloadable",
        ),
        (
            "`downloadables-library`",
            "`fx:library_files` of the store",
        ),
        (
            "`page_size` (10, at most 50)",
            "the same; a greater one counts as 50",
        ),
    ),
    (
        "Errors are as Django REST framework has them, a list of sentences for each "
        "property, those of a group inside of it, or one `detail`, with 400, 401, "
        "403, 404, 409 or 422; a product that was sold can't be deleted (409); "
        "`POST` of a product answers 200, of a file 201, `DELETE` 204; the "
        "presigned `fields` have a `key` only; `display_order` of a file is not "
        "kept, since files stand in the order in which they were attached. What "
        "downloadable products have always alike (stock, weight, options, variants, "
        "images, categories) can be sent back, and no other value set. A new "
        "product is in the store's first item category for downloads. Other classes "
        "of products, vouchers and orders are not supported."
    ),
)
