// The platform's own fetch, which cross-fetch stands for in browsers.
export const { fetch, Headers, Request, Response } = globalThis;
export default globalThis.fetch;
