// ketting walks HAL-FORMS by links and fills in the templates by its own action.submit().
import { Ketting, bearerAuth } from 'ketting';

const [address, token] = process.argv.slice(2);
const client = new Ketting(address);
client.use(bearerAuth(token));
client.use((request, next) => {
  request.headers.set('Accept', 'application/prs.hal-forms+json');
  return next(request);
});

const store = client.follow('fx:store');
const shelf = await store.follow('fx:downloadables');
const page = await shelf.get();
const [known] = await shelf.followAll('fx:downloadables');
const category = (await known.get()).data.item_category_uri;

const made = await page.action('default').submit({
  name: 'Made by ketting',
  code: `ketting-${process.pid}`,
  price: '4.50',
  item_category_uri: category,
});
const item = client.go(made.links.get('self').href);

const slot = await (await item.get()).action('create-upload-url').submit({ file_name: 'song.mp3' });
const uploaded = await fetch(slot.data.upload_url, { method: 'PUT', body: 'la la la' });

await item.refresh();
const changed = await (await item.get()).action('default').submit({ price: '5' });

const found = await (await shelf.get()).action('filter-downloadables').submit({ search: 'ketting' });

item.clearCache();
await (await item.get()).action('delete-downloadable').submit({});
const gone = await client.fetcher.fetch(item.uri);

console.log(JSON.stringify({
  created: made.data.name,
  uploaded: uploaded.status,
  changed: changed.data.price,
  file_name: changed.data.file_name,
  is_published: changed.data.is_published,
  found: found.data.total_items,
  deleted: gone.status,
}));
