"""The types of rows that are looked up by id, as dictionaries.

A test compares them with the statements. On SQLite, a bool is 0 or 1.
"""

from typing import TypedDict


class OfStore(TypedDict):
    """What every row of a store has, whatever else it is."""

    id: int
    store_id: int


class OfDownloadable(OfStore):
    """What every row of a part of a downloadable has."""

    downloadable_id: int


class StoreRow(TypedDict):
    """A store."""

    id: int
    store_name: str
    store_domain: str
    store_url: str
    store_email: str
    postal_code: str
    region: str
    country: str
    locale_code: str
    language: str
    timezone: str
    currency: str
    logo_url: str
    use_webhook: bool
    webhook_url: str
    webhook_key: str
    webhook_failing_since: int | None
    webhook_disabled_since: int | None
    webhook_error: str
    is_maintenance_mode: bool
    is_active: bool
    attribute_count: int
    date_created: int
    date_modified: int
    revision: int


class ItemCategoryRow(TypedDict):
    """An item category."""

    id: int
    store_id: int
    code: str
    name: str
    item_delivery_type: str
    max_downloads_per_customer: int | None
    max_downloads_time_period: int | None
    customs_value: int
    default_weight: int | None
    default_weight_unit: str
    default_length_unit: str
    shipping_flat_rate: int | None
    shipping_flat_rate_type: str
    handling_fee_type: str
    handling_fee: int
    handling_fee_minimum: int | None
    handling_fee_percentage: int | None
    discount_type: str
    discount_name: str
    discount_details: str
    send_customer_email: bool
    send_admin_email: bool
    admin_email: str
    admin_email_template_uri: str
    customer_email_template_uri: str
    gift_recipient_email_template_uri: str | None
    attribute_count: int
    date_created: int
    date_modified: int
    timezone: str
    store_modified: int
    revision: int


class FileColumns(TypedDict):
    """The columns of a file in the storage; null if there is none."""

    file_name: str | None
    file_size: int | None
    file_type: str | None
    file_sha256: str | None
    upload_date: int | None


class DownloadableColumns(FileColumns):
    """The columns of all rows of downloadables."""

    id: int
    store_id: int
    uuid: str
    item_category_id: int
    name: str
    code: str
    price: int
    url: str | None
    description: str
    language: str | None
    release_notes: str
    max_downloads_per_customer: int | None
    max_downloads_time_period: int | None
    is_archived: bool
    date_archived: int | None
    is_published: bool
    number_of_downloads: int
    version_id: int | None
    attribute_count: int
    translation_count: int
    date_created: int
    date_modified: int
    version: int | None
    timezone: str


class DownloadableRow(DownloadableColumns):
    """A downloadable, with the file of its current version."""

    store_modified: int
    date_counted: int | None
    blob_key: str | None
    revision: int


class AttributeRow(TypedDict):
    """An attribute of a store, a category or a downloadable."""

    id: int
    store_id: int
    of_store_id: int | None
    item_category_id: int | None
    downloadable_id: int | None
    name: str
    value: str
    visibility: str
    date_created: int
    date_modified: int
    timezone: str
    store_modified: int
    revision: int


class VersionRow(TypedDict):
    """A version of a downloadable's main file."""

    id: int
    downloadable_id: int
    store_id: int
    number: int
    file_name: str
    file_size: int
    file_type: str
    file_sha256: str
    release_notes: str
    upload_date: int
    date_modified: int
    is_current: bool | None
    timezone: str
    store_modified: int
    revision: int
    blob_key: str


class ListedFileColumns(FileColumns):
    """The columns of all rows of files of downloadables."""

    id: int
    store_id: int
    downloadable_id: int
    uuid: str
    is_main: bool
    name: str
    title: str
    alt: str
    is_archived: bool
    date_archived: int | None
    date_created: int
    date_modified: int
    url: str | None
    library_file_id: int | None
    version_id: int | None
    timezone: str
    blob_key: str | None
    downloadable_uuid: str


class FileRow(ListedFileColumns):
    """A file of a downloadable, wherever it is stored."""

    store_modified: int
    revision: int


class StoredFileRow(TypedDict):
    """The bytes of a version, or of a file of the library."""

    blob_key: str
    file_name: str
    file_size: int
    file_type: str
    file_sha256: str


class NextFileRow(TypedDict):
    """The file that becomes the main one next."""

    id: int
    version_id: int | None
    url: str | None


class LibraryFileColumns(TypedDict):
    """The columns of all rows of the library's files."""

    id: int
    store_id: int
    file_name: str
    file_size: int
    file_type: str
    file_sha256: str
    title: str
    alt: str
    upload_date: int
    date_modified: int
    timezone: str
    blob_key: str


class LibraryFileRow(LibraryFileColumns):
    """A file of the library."""

    store_modified: int
    revision: int


class BlobColumns(TypedDict):
    """The columns of a file in the storage, of the library or of a version."""

    id: int
    store_id: int
    blob_key: str
    file_name: str
    file_size: int
    file_type: str
    file_sha256: str
    title: str
    alt: str
    upload_date: int
    date_modified: int


class BlobRow(BlobColumns):
    """A file in the storage, of the library or of a version."""

    downloadable_id: int | None


class OfferColumns(TypedDict):
    """The columns of all rows of offers."""

    slug: str | None
    sale_price: int | None
    sale_price_start: int | None
    sale_price_end: int | None
    available_from: int | None
    available_until: int | None
    min_quantity: int | None
    max_quantity: int | None
    short_description: str | None
    keywords: str | None
    seo_title: str | None
    seo_description: str | None
    barcode: str | None
    cost: int | None
    is_taxable: bool | None
    display_order: int | None


class OfferRow(OfferColumns):
    """An offer of a downloadable."""

    id: int
    store_id: int
    date_modified: int
    timezone: str
    store_modified: int
    revision: int
    price: int


class OfferedDownloadableColumns(DownloadableColumns, OfferColumns):
    """The columns of all rows of downloadables with their offers."""


class OfferedDownloadableRow(OfferedDownloadableColumns):
    """A downloadable together with its offer."""

    revision: int


class TranslationRow(TypedDict):
    """The texts of a downloadable in one language."""

    id: int
    store_id: int
    downloadable_id: int
    language: str
    name: str
    description: str
    short_description: str
    seo_title: str
    seo_description: str
    date_created: int
    date_modified: int
    timezone: str
    store_modified: int
    revision: int


class PurchaseColumns(TypedDict):
    """The columns of all rows of purchases."""

    id: int
    store_id: int
    downloadable_id: int
    version_id: int | None
    url: str | None
    order_id: str | None
    customer_id: str
    customer_email: str
    quantity: int
    is_active: bool
    expires_at: int | None
    max_downloads: int | None
    download_window_hours: int | None
    number_of_downloads: int
    first_download_time: int | None
    download_passcode: str
    date_created: int
    date_modified: int
    timezone: str


class PurchaseRow(PurchaseColumns):
    """A purchase."""

    store_modified: int
    date_counted: int | None
    revision: int


class DownloadRow(TypedDict):
    """A download by a customer."""

    id: int
    store_id: int
    downloadable_purchase_id: int
    downloadable_id: int
    version: int | None
    file_name: str | None
    file_size: int | None
    bytes_sent: int
    outcome: str
    address: str
    user_agent: str
    date_created: int
    date_modified: int
    timezone: str
    store_modified: int
    revision: int


class DeliveryRow(TypedDict):
    """A delivery of a webhook."""

    id: int
    store_id: int
    webhook_id: str
    event: str
    payload: str
    state: str
    attempts: int
    next_attempt: int | None
    url: str
    response_status: int | None
    error: str
    date_created: int
    date_modified: int
    timezone: str
    store_modified: int
    revision: int


class UserRow(TypedDict):
    """A person's role in a store."""

    id: int
    store_id: int
    email: str
    role: str
    date_signed_in: int | None
    date_created: int
    date_modified: int
    timezone: str
    store_modified: int
    revision: int
    user_id: int


class TokenRow(TypedDict):
    """A token or a grant of a store."""

    id: int
    store_id: int | None
    kind: str | None
    scope: str
    note: str
    client_id: str | None
    client_name: str | None
    date_created: int
    date_expires: int | None
    date_last_used: int | None
    timezone: str
    store_modified: int
    date_modified: int | None
    revision: int | None


class PurchaseWithFileColumns(PurchaseColumns):
    """The columns of all rows of purchases with the files that customers get."""

    file_name: str | None
    blob_key: str | None
    file_url: str | None


class PurchaseWithFileRow(PurchaseWithFileColumns):
    """A purchase with the file that its customer gets."""

    revision: int


class PurchasedFileRow(FileColumns):
    """A purchase with its main file: what decides on a download, and what is sent."""

    id: int
    order_id: str | None
    customer_id: str
    store_id: int
    downloadable_id: int
    is_active: bool
    expires_at: int | None
    quantity: int
    max_downloads: int
    download_window_hours: int
    download_passcode: str
    date_created: int
    is_maintenance_mode: bool
    timezone: str
    name: str
    version_id: int | None
    blob_key: str | None
    url: str | None
    version: int | None
    number_of_downloads: int
    file_id: int | None
    is_main: bool


class ListedFileRow(PurchasedFileRow):
    """A purchase with one of its files, and the texts that customers see."""

    shown_name: str
    title: str
    alt: str


class MainFileTextsRow(TypedDict):
    """The texts of a main file that customers see."""

    shown_name: str
    title: str
    alt: str
    is_archived: bool


class PurchaseDetailsRow(TypedDict):
    """The texts of a downloadable and its store that the download page shows."""

    id: int
    store_id: int
    name: str
    description: str
    language: str | None
    translation_count: int
    store_name: str
    timezone: str


class SlotRow(TypedDict):
    """An upload slot, with what has arrived of its file."""

    id: int
    digest: str
    token_id: int | None
    downloadable_id: int | None
    store_id: int | None
    file_name: str | None
    file_type: str | None
    announced_size: int | None
    announced_md5: str | None
    partial_key: str | None
    length: int | None
    offset: int
    date_created: int
    date_expires: int
    date_finished: int | None
    version_id: int | None


class ClientRow(TypedDict):
    """A client of OAuth2."""

    id: int
    client_id: str
    secret_digest: str | None
    name: str
    scope: str
    store_id: int | None
    redirect_uris: str
    date_created: int
    date_revoked: int | None


class OpenSlotRow(TypedDict):
    """An upload slot that has no file yet."""

    id: int
    store_id: int | None
    downloadable_id: int | None
    file_name: str | None
    file_type: str | None
    file_size: int | None
    bytes_received: int
    date_created: int
    date_expires: int
    timezone: str
    store_modified: int
    date_modified: int
    revision: str


class ListedTokenRow(TypedDict):
    """A personal token, as the command line lists it."""

    id: int
    scope: str
    store_id: int | None
    note: str
    date_created: int
    date_expires: int | None
    date_last_used: int | None
    date_revoked: int | None


class ListedClientRow(TypedDict):
    """A client of OAuth2, as the command line lists it."""

    client_id: str
    name: str
    scope: str
    store_id: int | None
    redirect_uris: str
    date_created: int
    date_revoked: int | None


class ListedUserRow(TypedDict):
    """A person's role in a store, as the command line lists it."""

    email: str
    store_id: int
    store_name: str
    role: str
    date_created: int
    date_signed_in: int | None
