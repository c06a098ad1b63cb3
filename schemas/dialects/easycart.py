"""The schema of WP EasyCart's downloads, which are purchases."""

from schemas.base.fields import Boolean, Integer, Text
from schemas.base.schema import ResourceSchema


class EasyCartDownloadSchema(ResourceSchema):
    """Properties of a DownloadItem, as the reference of WP EasyCart has them."""

    download_id = Text("The unique ID for this download.", read_only=True)
    date_created = Text("The date this download was created.", read_only=True)
    product_id = Integer("The product ID associated with this download.", minimum=1)
    order_id = Integer("The order ID associated with this download.", minimum=0)
    download_count = Integer(
        "The number of times the user has downloaded this item.",
        minimum=0,
        maximum=1_000_000_000,
    )
    download_file_name = Text("The filename for this download item.", max_length=2000)
    is_amazon = Boolean("Is the download hosted on Amazon S3.")
    amazon_key = Text("The key for Amazon S3, if applicable.", max_length=1024)
