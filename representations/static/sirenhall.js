// The one script of all pages. Every page works without it; with it, files are uploaded
// with progress, and an upload that broke off is resumed (tus 1.0, https://tus.io).
"use strict";

(() => {
  const HAL = "application/hal+json";
  const TUS = { "Tus-Resumable": "1.0.0" };
  const PIECE = 5 * 1024 * 1024;
  const PAUSES = [500, 1000, 2000, 4000, 8000];
  const KEPT = "sirenhall-uploads";
  const token = document.body.dataset.formToken || "";

  // -- the API ----------------------------------------------------------------

  // The token shows that a page of ours asks, so that the session counts.
  function api(method, url, body) {
    const headers = { Accept: HAL, "X-CSRF-Token": token };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    return fetch(url, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  async function document_(answer) {
    const found = await answer.json();
    if (answer.ok) return found;
    const errors = (found._embedded || {})["fx:errors"] || [];
    throw Object.assign(new Error(errors.map((e) => e.message).join("; ")), { errors });
  }

  function link(resource, rel) {
    const found = (resource._links || {})[rel];
    return found ? found.href : null;
  }

  // -- uploads that are kept, so that they can be resumed after a reload --------

  function kept() {
    try {
      return JSON.parse(localStorage.getItem(KEPT) || "[]");
    } catch {
      return [];
    }
  }

  function keep(upload) {
    const others = kept().filter((one) => one.slot !== upload.slot);
    try {
      localStorage.setItem(KEPT, JSON.stringify([...others, upload]));
    } catch {
      // Without storage an upload works, but not across a reload.
    }
  }

  function forget(slot) {
    const others = kept().filter((one) => one.slot !== slot);
    localStorage.setItem(KEPT, JSON.stringify(others));
  }

  function isSame(upload, file) {
    return upload.name === file.name && upload.size === file.size;
  }

  // -- what is shown of an upload -------------------------------------------------

  function row(place, name) {
    const element = document.createElement("div");
    element.className = "upload";
    const label = document.createElement("span");
    const button = document.createElement("button");
    const bar = document.createElement("progress");
    label.textContent = name;
    label.setAttribute("role", "status");
    button.type = "button";
    button.textContent = "Pause";
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `Upload of ${name}`);
    element.append(label, button, bar);
    place.append(element);
    return { element, label, button, bar };
  }

  function size(bytes) {
    const units = ["bytes", "kB", "MB", "GB", "TB"];
    let unit = 0;
    while (bytes >= 1000 && unit < units.length - 1) {
      bytes /= 1000;
      unit += 1;
    }
    return `${bytes.toFixed(unit > 1 ? 1 : 0)} ${units[unit]}`;
  }

  // -- sending ----------------------------------------------------------------------

  class Upload {
    constructor(file, record, shown) {
      this.file = file;
      this.record = record;
      this.shown = shown;
      this.isPaused = false;
      shown.button.addEventListener("click", () => this.toggle());
    }

    toggle() {
      this.isPaused = !this.isPaused;
      this.shown.button.textContent = this.isPaused ? "Resume" : "Pause";
      if (this.isPaused) {
        if (this.request) this.request.abort();
      } else if (this.wake) {
        this.wake();
      }
    }

    show(offset) {
      const { label, bar } = this.shown;
      bar.value = this.file.size ? offset / this.file.size : 1;
      label.textContent = `${this.file.name}: ${size(offset)} of ${size(this.file.size)}`;
    }

    // How much is there; null if it is not begun, or not to be learnt now.
    async offset() {
      const answer = await fetch(this.record.slot, { method: "HEAD", headers: TUS });
      const text = answer.headers.get("Upload-Offset");
      return text === null ? null : Number(text);
    }

    // Begin it, unless it was begun before.
    async begin() {
      const offset = await this.offset();
      if (offset !== null) return offset;
      const name = btoa(String.fromCharCode(...new TextEncoder().encode(this.file.name)));
      const answer = await fetch(this.record.slot, {
        method: "POST",
        headers: {
          ...TUS,
          "Upload-Length": String(this.file.size),
          "Upload-Metadata": `filename ${name}`,
        },
      });
      if (answer.status === 404 || answer.status === 410) {
        throw Object.assign(new Error("This upload has expired."), { isFinal: true });
      }
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      return 0;
    }

    piece(offset) {
      return new Promise((resolve, reject) => {
        const request = new XMLHttpRequest();
        this.request = request;
        request.open("PATCH", this.record.slot);
        const headers = {
          ...TUS,
          "Upload-Offset": String(offset),
          "Content-Type": "application/offset+octet-stream",
        };
        Object.entries(headers).forEach(([n, v]) => request.setRequestHeader(n, v));
        request.upload.addEventListener("progress", (event) => {
          this.show(offset + event.loaded);
        });
        request.addEventListener("load", () => {
          const next = request.getResponseHeader("Upload-Offset");
          if (request.status < 300 && next !== null) resolve(Number(next));
          else if (request.status < 300) resolve(this.file.size);
          else reject(new Error(`The server answered ${request.status}.`));
        });
        ["error", "abort", "timeout"].forEach((name) => {
          request.addEventListener(name, () => reject(new Error("The line was cut.")));
        });
        request.send(this.file.slice(offset, offset + PIECE));
      });
    }

    async waitWhilePaused() {
      if (this.isPaused) await new Promise((resolve) => (this.wake = resolve));
    }

    async run() {
      let failures = 0;
      let offset = await this.begin();
      this.show(offset);
      while (offset < this.file.size) {
        await this.waitWhilePaused();
        try {
          offset = await this.piece(offset);
          failures = 0;
        } catch (error) {
          if (this.isPaused) continue;
          if (failures === PAUSES.length) throw error;
          this.shown.label.textContent = `${error.message} Trying again …`;
          await new Promise((resolve) => setTimeout(resolve, PAUSES[failures]));
          failures += 1;
        }
        // What arrived before the line was cut need not be sent again.
        const there = await this.offset().catch(() => null);
        if (there !== null) offset = there;
        this.show(offset);
      }
      forget(this.record.slot);
    }
  }

  async function send(file, record, place) {
    const shown = row(place, file.name);
    keep(record);
    const upload = new Upload(file, record, shown);
    try {
      await upload.run();
    } catch (error) {
      if (error.isFinal) forget(record.slot);
      shown.label.textContent = `${file.name}: ${error.message}`;
      shown.button.remove();
      throw error;
    }
    shown.button.remove();
    await finish(record, shown);
  }

  // Say what the server has stored: its digest is that of the bytes that arrived.
  async function finish(record, shown) {
    shown.bar.value = 1;
    const there = document.createElement("a");
    there.href = record.page;
    there.textContent = "Show it";
    let digest = "";
    try {
      const resource = await document_(await api("GET", record.page));
      digest = resource.file_sha256 || "";
    } catch {
      digest = "";
    }
    shown.label.textContent = `${record.name} is uploaded. `;
    shown.label.append(there);
    if (digest) {
      const code = document.createElement("code");
      code.className = "digest";
      code.textContent = digest;
      shown.label.append(" SHA-256 ", code);
    }
  }

  // -- forms with a file -----------------------------------------------------------

  function valuesOf(form) {
    const values = {};
    new FormData(form).forEach((value, name) => {
      if (typeof value === "string" && !name.startsWith("_")) values[name] = value;
    });
    return values;
  }

  function showErrors(form, error) {
    form.querySelectorAll("p.error.script").forEach((p) => p.remove());
    const entries = error.errors && error.errors.length ? error.errors : [error];
    entries.forEach((entry) => {
      const input = form.elements.namedItem(entry.property || "");
      const p = document.createElement("p");
      p.className = "error script";
      p.setAttribute("role", "alert");
      p.textContent = entry.message;
      const field = input && input.closest ? input.closest(".field") : null;
      const group = field ? field.closest("details") : null;
      if (group) group.open = true;
      (field || form).append(p);
    });
    const first = form.querySelector("p.error.script");
    if (first) first.scrollIntoView({ block: "center" });
  }

  // Of several files each becomes a resource that is named after it.
  function named(values, file) {
    const name = file.name.replace(/\.[^.]*$/, "");
    const code = name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 50);
    return { ...values, name: name.slice(0, 100), code };
  }

  async function slotOf(resource) {
    const href = link(resource, "fx:create_upload_url");
    if (!href) throw new Error("Files of this kind cannot be uploaded in pieces.");
    const slot = await document_(await api("POST", href, {}));
    return slot.upload_url;
  }

  async function create(form, values) {
    const answer = await api("POST", form.action, values);
    return document_(answer);
  }

  async function submit(form, files, place) {
    const isNew = !form.elements.namedItem("_method");
    for (const file of files) {
      const values = files.length > 1 ? named(valuesOf(form), file) : valuesOf(form);
      const resource = isNew
        ? await create(form, values)
        : await document_(await api("GET", form.action));
      const page = link(resource, "self");
      const slot = await slotOf(resource);
      const record = { slot, page, name: file.name, size: file.size };
      await send(file, record, place);
    }
  }

  function enhance(form) {
    const input = form.querySelector("input[type=file]");
    if (!input || !form.hasAttribute("data-resumable")) return;
    const place = document.createElement("div");
    const drop = document.createElement("div");
    drop.className = "drop";
    drop.textContent = "Drop a file here, or choose one.";
    if (!form.elements.namedItem("_method")) {
      input.multiple = true;
      drop.textContent =
        "Drop files here, or choose them. Of several, each is named after its file.";
    }
    input.before(drop);
    drop.append(document.createElement("br"), input);
    form.after(place);
    ["dragenter", "dragover"].forEach((name) => {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.add("over");
      });
    });
    ["dragleave", "drop"].forEach((name) => {
      drop.addEventListener(name, () => drop.classList.remove("over"));
    });
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change"));
    });
    input.addEventListener("change", () => {
      const isSeveral = input.files.length > 1;
      ["name", "code"].forEach((name) => {
        const field = form.elements.namedItem(name);
        if (field) field.disabled = isSeveral;
      });
    });
    form.addEventListener("submit", (event) => {
      if (!input.files.length) return;
      event.preventDefault();
      const button = form.querySelector("button.main");
      button.disabled = true;
      submit(form, [...input.files], place)
        .catch((error) => showErrors(form, error))
        .finally(() => {
          button.disabled = false;
        });
    });
  }

  // -- uploads that broke off ----------------------------------------------------------

  function offerToResume() {
    const uploads = kept();
    if (!uploads.length || !token) return;
    const section = document.createElement("section");
    section.className = "card";
    const title = document.createElement("h2");
    title.textContent = "Uploads that are not finished";
    section.append(title);
    uploads.forEach((record) => {
      const label = document.createElement("label");
      const input = document.createElement("input");
      const drop = document.createElement("button");
      const place = document.createElement("div");
      input.type = "file";
      label.textContent = `${record.name} (${size(record.size)}): choose it again to go on `;
      label.append(input);
      drop.type = "button";
      drop.textContent = "Discard";
      drop.addEventListener("click", () => {
        forget(record.slot);
        place.remove();
      });
      place.append(label, drop);
      section.append(place);
      input.addEventListener("change", () => {
        const [file] = input.files;
        if (!file) return;
        if (!isSame(record, file)) {
          label.append(" This is another file.");
          return;
        }
        place.replaceChildren();
        send(file, record, place).catch(() => {});
      });
    });
    document.querySelector("main").prepend(section);
  }

  // -- what is copied -----------------------------------------------------------

  document.querySelectorAll("[data-copy]").forEach((code) => {
    if (!navigator.clipboard) return;
    const button = document.createElement("button");
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    });
    code.parentElement.after(button);
  });

  document.querySelectorAll("form[data-upload]").forEach(enhance);
  offerToResume();
  const problem = document.querySelector(".problem[role=alert][tabindex]");
  if (problem) problem.focus();
})();
