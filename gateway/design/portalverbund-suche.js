// <portalverbund-suche ort="059110000000" treffer="hier">: the search of Portalverbund.NRW in a page of somebody else.
//
// The element holds a plain form, which works without this script; an empty element fetches one. With `treffer="hier"` the
// hits are shown below the form, else on our pages. Nothing is kept, nothing else is loaded, and the page keeps its own
// look: colours are custom properties (--portalverbund-farbe, -auf-farbe, -grund, -schrift, -rand, -rundung), three of
// them also attributes (farbe, auf-farbe, grund) for pages whose policy allows no style attribute.

const HOST = new URL(import.meta.url).origin;
const COLOUR = /^#[0-9a-f]{6}$/i;
const LOOK = `
portalverbund-suche { display: block; color: var(--portalverbund-schrift, inherit); background: var(--portalverbund-grund, transparent); }
portalverbund-suche form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 0; }
portalverbund-suche label { flex: 1 1 14rem; min-width: 0; font-weight: 600; }
portalverbund-suche input { display: block; box-sizing: border-box; width: 100%; min-height: 2.75rem; margin: .25rem 0 0; padding: .4rem .6rem; font: inherit; font-weight: 400; color: inherit; background: var(--portalverbund-grund, transparent); border: 1px solid var(--portalverbund-rand, currentColor); border-radius: var(--portalverbund-rundung, 4px); }
portalverbund-suche button { min-height: 2.75rem; padding: .4rem 1.2rem; font: inherit; font-weight: 600; cursor: pointer; color: var(--portalverbund-auf-farbe, #fff); background: var(--portalverbund-farbe, #2044aa); border: 1px solid transparent; border-radius: var(--portalverbund-rundung, 4px); }
portalverbund-suche :focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
portalverbund-suche [aria-busy=true] { opacity: .6; }
portalverbund-suche a { color: var(--portalverbund-farbe, revert); }
`;

class PortalverbundSuche extends HTMLElement {
  static look;

  async connectedCallback() {
    if (this.said) return;
    this.said = document.createElement("div");
    this.said.setAttribute("role", "status");
    this.hits = document.createElement("div");
    const Own = PortalverbundSuche;
    if (!Own.look && "adoptedStyleSheets" in document) {
      Own.look = new CSSStyleSheet();
      Own.look.replaceSync(LOOK);
      // Before those of the page, so that the page has the last word.
      document.adoptedStyleSheets = [Own.look, ...document.adoptedStyleSheets];
    }
    for (const name of ["farbe", "auf-farbe", "grund"]) {
      const colour = this.getAttribute(name) ?? "";
      if (COLOUR.test(colour)) this.style.setProperty(`--portalverbund-${name}`, colour);
    }
    if (!this.querySelector("form")) await this.fill();
    this.append(this.said, this.hits);
    this.addEventListener("submit", (event) => this.asked(event));
  }

  /** What the attributes say, as parameters. */
  params(more) {
    const params = new URLSearchParams(more);
    for (const name of ["ort", "sprache"]) if (this.hasAttribute(name)) params.set(name, this.getAttribute(name));
    return params;
  }

  async part(path, params, signal) {
    const answer = await fetch(`${HOST}${path}?${params}`, { credentials: "omit", signal });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return document.adoptNode(page.body);
  }

  async fill() {
    try {
      const part = await this.part("/einbinden/suche", this.params());
      this.append(...(part.querySelector("form") ? [part.querySelector("form")] : []));
    } catch {
      const link = document.createElement("a");
      link.href = `${HOST}/`;
      link.textContent = "Portalverbund.NRW";
      this.append(link);
    }
  }

  async asked(event) {
    const form = event.target;
    if (this.getAttribute("treffer") !== "hier" || !(form instanceof HTMLFormElement)) return;
    event.preventDefault();
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const given = new FormData(form);
    const params = this.params({ q: String(given.get("q") ?? "") });
    if (given.get("ort")) params.set("ort", String(given.get("ort")));
    this.hits.setAttribute("aria-busy", "true");
    try {
      const part = await this.part("/einbinden/treffer", params, asking.signal);
      this.hits.replaceChildren(...part.childNodes);
      // A status that is filled is read out; one that comes filled may not be.
      const count = this.hits.querySelector("[data-anzahl]");
      this.said.textContent = count?.textContent ?? "";
      count?.remove();
    } catch {
      if (!asking.signal.aborted) form.submit();
    } finally {
      if (this.asking === asking) this.hits.removeAttribute("aria-busy");
    }
  }
}

if (!customElements.get("portalverbund-suche")) customElements.define("portalverbund-suche", PortalverbundSuche);
