"""The same API the obvious way, to be measured against: nothing here is ours.

ORM entities, marshmallow dump, `url_for` for every link, the standard library's
json, an lxml tree, COUNT(*) on every page, and a hash of the body as ETag.
"""

import hashlib
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import marshmallow
from flask import Flask, Response, request, url_for
from lxml import etree
from sqlalchemy import and_, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Session, joinedload, relationship

from app.models import (
    DOWNLOADABLES,
    FILES,
    ITEM_CATEGORIES,
    MAIN,
    STORES,
    VERSIONS,
)

FIELDS = [
    "item_category_uri",
    "name",
    "code",
    "price",
    "file_name",
    "file_size",
    "upload_date",
    "file_type",
    "file_sha256",
    "version",
    "url",
    "description",
    "release_notes",
    "max_downloads_per_customer",
    "max_downloads_time_period",
    "is_archived",
    "is_published",
    "number_of_downloads",
    "date_created",
    "date_modified",
]


class Base(DeclarativeBase):
    pass


class Store(Base):
    __table__ = STORES


class Category(Base):
    __table__ = ITEM_CATEGORIES


class Version(Base):
    __table__ = VERSIONS


class File(Base):
    __table__ = FILES
    current = relationship(Version)


class Downloadable(Base):
    __table__ = DOWNLOADABLES
    store = relationship(Store)
    main = relationship(
        File,
        primaryjoin=and_(
            FILES.c.downloadable_id == DOWNLOADABLES.c.id, FILES.c.position == MAIN
        ),
        uselist=False,
        viewonly=True,
    )


class Date(marshmallow.fields.Field):
    def _serialize(self, value, attr, obj, **_options):
        zone = ZoneInfo(obj.store.timezone)
        moment = datetime.fromtimestamp(value, UTC).astimezone(zone)
        return moment.strftime("%Y-%m-%dT%H:%M:%S%z")


class DownloadableSchema(marshmallow.Schema):
    item_category_uri = marshmallow.fields.Function(
        lambda item: url_for("category", number=item.item_category_id, _external=True)
    )
    name = marshmallow.fields.String()
    code = marshmallow.fields.String()
    price = marshmallow.fields.Function(lambda item: item.price / 10_000)
    file_name = marshmallow.fields.String(attribute="main.current.file_name")
    file_size = marshmallow.fields.Integer(attribute="main.current.file_size")
    upload_date = marshmallow.fields.Function(
        lambda item: Date()._serialize(item.main.current.upload_date, "", item)
    )
    file_type = marshmallow.fields.String(attribute="main.current.file_type")
    file_sha256 = marshmallow.fields.String(attribute="main.current.file_sha256")
    version = marshmallow.fields.Integer(attribute="main.current.number")
    url = marshmallow.fields.String(attribute="main.url")
    description = marshmallow.fields.String()
    release_notes = marshmallow.fields.String()
    max_downloads_per_customer = marshmallow.fields.Integer()
    max_downloads_time_period = marshmallow.fields.Integer()
    is_archived = marshmallow.fields.Boolean()
    is_published = marshmallow.fields.Boolean()
    number_of_downloads = marshmallow.fields.Integer()
    date_created = Date()
    date_modified = Date()


SCHEMA = DownloadableSchema()

FURTHER = {
    "upload_url": "Create an upload URL for the file",
    "versions": "Versions of this downloadable's file",
    "downloadable_purchases": "Purchases of this downloadable",
    "downloads": "Downloads of this downloadable",
    "attributes": "Attributes for This Downloadable",
}


def links(item):
    yield "self", url_for("item", number=item.id, _external=True), "This Downloadable"
    yield "store", url_for("store", number=item.store_id, _external=True), "This Store"
    yield (
        "item_category",
        url_for("category", number=item.item_category_id, _external=True),
        "Item Category for this downloadable",
    )
    yield (
        "downloadable_item_categories",
        url_for(
            "categories",
            number=item.store_id,
            item_delivery_type="downloaded",
            _external=True,
        ),
        "Downloadable Item Categories for this store",
    )
    yield (
        "file",
        url_for("file", number=item.id, _external=True),
        "File of this downloadable",
    )
    for rel, title in FURTHER.items():
        yield rel, url_for(rel, number=item.id, _external=True), title


def rels():
    return url_for("rels", _external=True) + "/"


def as_hal(item):
    curie = {"name": "fx", "href": rels() + "{rel}", "templated": True}
    found = {"curies": [curie]}
    for rel, href, title in links(item):
        name = rel if rel == "self" else f"fx:{rel}"
        found[name] = {"href": href, "title": title}
    return {"_links": found, **SCHEMA.dump(item)}


def as_siren(item):
    return {
        "rel": ["item", rels() + "downloadable"],
        "class": ["downloadable"],
        "properties": SCHEMA.dump(item),
        "links": [
            {
                "rel": [rel if rel == "self" else rels() + rel],
                "href": href,
                "title": title,
            }
            for rel, href, title in links(item)
        ],
    }


def as_xml(item):
    href = url_for("item", number=item.id, _external=True)
    element = etree.Element("resource", href=href, rel=rels() + "downloadable")
    for rel, target, title in links(item):
        name = rel if rel == "self" else rels() + rel
        etree.SubElement(element, "link", rel=name, href=target, title=title)
    for name, value in SCHEMA.dump(item).items():
        text = None if value is None else str(value)
        etree.SubElement(element, name).text = text
    return element


def page_links(total, limit, offset):
    def page(position):
        return url_for(
            "page",
            number=1,
            _external=True,
            **{**request.args, "offset": position},
        )

    yield "self", request.url
    yield "first", page(0)
    if offset:
        yield "prev", page(max(0, offset - limit))
    if offset + limit < total:
        yield "next", page(offset + limit)
    yield "last", page((total - 1) // limit * limit)


def answer(body, media_type):
    response = Response(body, content_type=media_type)
    response.set_etag(hashlib.sha1(response.data).hexdigest())
    response.headers["Vary"] = "Accept"
    return response.make_conditional(request)


HAL, SIREN, XML = (
    "application/hal+json",
    "application/vnd.siren+json",
    "application/hal+xml",
)


def create_app(url):
    app = Flask("naive")
    engine = create_engine(url)
    options = (
        joinedload(Downloadable.store),
        joinedload(Downloadable.main).joinedload(File.current),
    )

    @app.get("/downloadables/<int:number>", endpoint="item")
    def item(number):
        wanted = request.accept_mimetypes.best_match([HAL, SIREN, XML])
        with Session(engine) as session:
            found = session.scalars(
                select(Downloadable).options(*options).filter_by(id=number)
            ).one()
            if wanted == XML:
                return answer(etree.tostring(as_xml(found)), XML)
            document = as_siren(found) if wanted == SIREN else as_hal(found)
            return answer(json.dumps(document), wanted)

    @app.get("/stores/<int:number>/downloadables", endpoint="page")
    def page(number):
        wanted = request.accept_mimetypes.best_match([HAL, SIREN, XML])
        limit = int(request.args.get("limit", 20))
        offset = int(request.args.get("offset", 0))
        with Session(engine) as session:
            query = select(Downloadable).filter_by(store_id=number, is_archived=False)
            total = session.scalar(select(func.count()).select_from(query.subquery()))
            found = session.scalars(
                query.options(*options)
                .order_by(DOWNLOADABLES.c.id)
                .limit(limit)
                .offset(offset)
            ).all()
            state = {
                "total_items": total,
                "returned_items": len(found),
                "limit": limit,
                "offset": offset,
            }
            around = list(page_links(total, limit, offset))
            if wanted == XML:
                root = etree.Element("resource", href=request.url)
                for rel, href in around:
                    etree.SubElement(root, "link", rel=rel, href=href)
                root.extend([as_xml(item) for item in found])
                for name, value in state.items():
                    etree.SubElement(root, name).text = str(value)
                return answer(etree.tostring(root), XML)
            if wanted == SIREN:
                document = {
                    "class": ["downloadables", "collection"],
                    "properties": state,
                    "entities": [as_siren(item) for item in found],
                    "links": [{"rel": [rel], "href": href} for rel, href in around],
                }
            else:
                document = {
                    "_links": {rel: {"href": href} for rel, href in around},
                    "_embedded": {"fx:downloadables": [as_hal(i) for i in found]},
                    **state,
                }
            return answer(json.dumps(document), wanted)

    def nowhere(**_numbers):
        return ""

    for path, name in [
        ("/stores/<int:number>", "store"),
        ("/item_categories/<int:number>", "category"),
        ("/stores/<int:number>/item_categories", "categories"),
        ("/downloadables/<int:number>/file", "file"),
        ("/rels", "rels"),
        *((f"/downloadables/<int:number>/{rel}", rel) for rel in FURTHER),
    ]:
        app.add_url_rule(path, name, nowhere)
    return app
