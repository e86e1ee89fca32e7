// Suggestions while typing, on top of a form that works without them: combobox with listbox, by the pattern of the ARIA
// Authoring Practices ("list autocomplete with manual selection"). Nothing is loaded from elsewhere, nothing is kept.
//
// A form takes part by `data-vorschlaege`; what is said of the number of suggestions stands there ("{n}" is the number)
// and in `data-kein-vorschlag`, so that each language brings its own words.

const WAIT_MS = 150;
const LEAST_LETTERS = 2;
const LIMIT = 8;
let lists = 0;
let pressing = false;
addEventListener("pointerdown", () => { pressing = true; }, true);
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => { pressing = false; }, true);

/** One field with its list. `offer` asks for options: [{text, more, choose}], or null where there is nothing to choose. */
class Combobox {
  constructor(form, input, offer) {
    Object.assign(this, { form, input, offer, options: [], active: -1, timer: 0, asking: null, asked: "" });
    const id = `vorschlaege-${(lists += 1)}`;
    this.list = document.createElement("ul");
    Object.assign(this.list, { id, className: "vorschlaege", hidden: true });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", input.labels[0]?.textContent ?? "");
    this.said = document.createElement("div");
    this.said.className = "nur-vorgelesen";
    this.said.setAttribute("role", "status");
    const around = document.createElement("div");
    around.className = "vorschlag-feld";
    input.before(around);
    around.append(input, this.list, this.said);
    // A search field may not be a combobox (ARIA in HTML); the key of the keyboard that says "search" stays.
    if (input.type === "search") input.type = "text";
    for (const [name, value] of [
      ["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", id],
      ["autocomplete", "off"], ["autocapitalize", "none"], ["spellcheck", "false"],
    ]) input.setAttribute(name, value);
    input.addEventListener("input", (event) => event.isComposing || this.typed());
    input.addEventListener("compositionend", () => this.typed());
    input.addEventListener("keydown", (event) => this.pressed(event));
    input.addEventListener("blur", () => this.left());
    // What is pressed in the list must not take the focus out of the field, or the list would close before the click.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const at = [...this.list.children].indexOf(event.target.closest("[role=option]"));
      if (at >= 0) this.choose(at);
    });
  }

  typed() {
    clearTimeout(this.timer);
    this.asking?.abort();
    const text = this.input.value.trim();
    if ([...text].length < LEAST_LETTERS) {
      this.close();
      this.said.textContent = "";
      return;
    }
    this.timer = setTimeout(() => this.ask(text), WAIT_MS);
  }

  async ask(text) {
    const asking = (this.asking = new AbortController());
    let options;
    try {
      options = await this.offer(text, asking.signal);
    } catch {
      // Without a network, or with a newer question under way, the field is a plain field.
      if (this.asking === asking) this.close();
      return;
    }
    if (asking.signal.aborted || document.activeElement !== this.input || this.input.value.trim() !== text) return;
    this.asked = text;
    if (options) this.show(options);
    else this.typedWhole();
  }

  /** What stands in the field is what would be offered. */
  typedWhole() {
    this.options = [];
    this.said.textContent = "";
    this.close();
  }

  show(options) {
    this.options = options;
    this.active = -1;
    this.list.replaceChildren(...options.map((option, at) => {
      const item = document.createElement("li");
      item.id = `${this.list.id}-${at}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      if (option.lang) item.lang = option.lang;
      item.append(option.text);
      if (option.more) {
        const more = document.createElement("span");
        more.className = "vorschlag-mehr";
        more.append(option.more);
        item.append(" ", more);
      }
      return item;
    }));
    const { vorschlaege = "", keinVorschlag = "" } = this.form.dataset;
    const say = options.length > 0 ? vorschlaege : keinVorschlag;
    this.said.textContent = say.replace("{n}", String(options.length));
    if (options.length > 0) this.open();
    else this.close();
  }

  open() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.mark(-1);
  }

  /** Closes the list when the field is left; by a pointer only once it is up, so that what it presses does not move away. */
  left() {
    if (!pressing) {
      this.close();
      return;
    }
    const up = () => setTimeout(() => { if (document.activeElement !== this.input) this.close(); });
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, up, { once: true });
  }

  mark(at) {
    this.active = at;
    [...this.list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === at)));
    const item = this.list.children[at];
    if (item) {
      this.input.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  choose(at) {
    const option = this.options[at];
    this.close();
    option?.choose();
  }

  pressed(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const [shown, last] = [!this.list.hidden, this.options.length - 1];
    const { active } = this;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        const down = event.key === "ArrowDown";
        if (!shown) {
          // What is there already is shown again, as long as it belongs to what stands in the field.
          if (last < 0 || this.asked !== this.input.value.trim() || (event.altKey && !down)) return;
          this.open();
          if (!event.altKey) this.mark(down ? 0 : last);
        } else if (event.altKey) {
          if (down) return;
          this.close();
        } else if (down) this.mark(active === last ? -1 : active + 1);
        else this.mark(active === -1 ? last : active - 1);
        break;
      }
      // Without a marked option these two move the cursor, as in any field.
      case "Home":
        if (!shown || active < 0) return;
        this.mark(0);
        break;
      case "End":
        if (!shown || active < 0) return;
        this.mark(last);
        break;
      case "Enter":
        if (!shown || active < 0) {
          this.close();
          return;
        }
        this.choose(active);
        break;
      case "Escape":
        // The first one closes the list; only the next one may clear the field.
        if (!shown) return;
        this.close();
        break;
      default:
        return;
    }
    event.preventDefault();
  }
}

async function json(path, params, signal) {
  const answer = await fetch(`${path}?${new URLSearchParams(params)}`, { signal, credentials: "omit" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/** The place as the form will send it. */
const place = (form) => String(new FormData(form).get("ort") ?? "").trim();

function leistungen(form, input, prefix) {
  const lang = document.documentElement.lang === "de" ? "" : "de";
  return new Combobox(form, input, async (q, signal) => {
    const ort = place(form);
    const asked = { q, limit: LIMIT };
    const plain = () => json("/api/v1/suggest", asked, signal);
    // A place that is not known yet, because it is still being typed, is no reason for silence.
    const { suggestions } = ort ? await json("/api/v1/suggest", { ...asked, ort }, signal).catch((error) => {
      if (signal.aborted) throw error;
      return plain();
    }) : await plain();
    return suggestions.map(({ text, url }) => ({ text, lang, choose: () => location.assign(prefix + url) }));
  });
}

function orte(form, input) {
  // A name that several places have is sent as the key of the one that was chosen, while the field shows the name.
  const key = Object.assign(document.createElement("input"), { type: "hidden", name: input.name, disabled: true });
  input.after(key);
  const own = input.name;
  input.addEventListener("input", () => {
    key.disabled = true;
    input.name = own;
  });
  return new Combobox(form, input, async (q, signal) => {
    const { places } = await json("/api/v1/places", { q, limit: LIMIT }, signal);
    if (places.length === 1 && places[0].name.toLowerCase() === q.toLowerCase()) return null;
    return places.map(({ ars, name, parent, plz }) => ({
      text: name,
      more: [parent !== name && parent, plz.length === 1 && plz[0]].filter(Boolean).join(", "),
      choose: () => {
        input.value = name;
        Object.assign(key, { value: ars, disabled: false });
        input.removeAttribute("name");
      },
    }));
  });
}

for (const form of document.querySelectorAll("form[data-vorschlaege]")) {
  const [q, ort] = ["q", "ort"].map((name) => form.querySelector(`input[name="${name}"]:not([type=hidden])`));
  // Before our addresses stands their language or nothing. A preview has more there, and suggestions would lead out of it.
  const [, prefix] = new URL(form.action).pathname.match(/^((?:\/[a-z]+)?)\/suche$/) ?? [];
  if (q && prefix !== undefined) leistungen(form, q, prefix);
  if (ort) orte(form, ort);
}
