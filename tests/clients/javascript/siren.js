// @siren-js/client walks Siren by links and submits actions by its own serializers;
// siren-parser reads each document, too, and refuses what the specification forbids.
import { follow, parse, submit } from '@siren-js/client';
import parser from 'siren-parser';

const validate = parser.default ?? parser;

// The type of a file input's value in browsers, which it asks about.
globalThis.FileList ??= class FileList {};

const [address, token] = process.argv.slice(2);
const requestInit = {
  headers: { Authorization: `Bearer ${token}`, Accept: 'application/vnd.siren+json' },
};

const entity = async (response) => {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${response.url} ${text}`);
  validate(text);
  return parse(text);
};
const go = async (link) => entity(await follow(link, { requestInit }));
const linked = (from, rel) =>
  from.links.find((link) => link.rel.some((name) => name === rel || name.endsWith(`/${rel}`)));
const send = async (from, name, values = {}) => {
  const action = from.getAction(name);
  for (const field of action.fields) {
    if (field.name in values) field.value = values[field.name];
  }
  return entity(await submit(action, { requestInit }));
};

const home = await go(address);
const store = await go(linked(home, 'store'));
const shelf = await go(linked(store, 'downloadables'));
const category = shelf.entities[0].properties.item_category_uri;

const made = await send(shelf, 'create-downloadable', {
  name: 'Made by siren-js',
  code: `siren-${process.pid}`,
  price: '4.50',
  item_category_uri: category,
});
const whole = await send(shelf, 'create-downloadable-with-file', {
  name: 'Whole by siren-js',
  code: `whole-${process.pid}`,
  price: '1',
  item_category_uri: category,
  file: new File(['do re mi'], 'Größe.mp3', { type: 'audio/mpeg' }),
});

const uploaded = await send(made, 'upload-file', {
  file: new File(['la la la'], 'song.mp3', { type: 'audio/mpeg' }),
});
const changed = await send(uploaded, 'update-downloadable', { price: '5' });
const found = await send(shelf, 'filter-downloadables', { search: 'siren-js' });
await send(changed, 'delete-downloadable');
await send(whole, 'delete-downloadable');
const gone = await follow(linked(changed, 'self'), { requestInit });

console.log(JSON.stringify({
  created: made.properties.name,
  whole: whole.properties.file_name,
  uploaded: uploaded.properties.file_size,
  changed: changed.properties.price,
  file_name: changed.properties.file_name,
  is_published: changed.properties.is_published,
  found: found.properties.total_items,
  deleted: gone.status,
}));
