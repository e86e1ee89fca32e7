// Makes what browsers load: one style sheet of the parts of KERN-UX that our templates use and of our own rules, the
// fonts cut to the letters that we show, and our scripts; each by itself, with Brotli and with gzip, named by its
// content. `build.rs` of the gateway embeds what stands in the list that is written last.
//
//   node build.mjs <folder that holds node_modules> <gateway/design> <where to>
//
// A file that would be the same is not written again, so that Cargo sees no change where there is none.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [modules, design, made] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(modules, "package.json"));
const { PurgeCSS } = require("purgecss");
const postcss = require("postcss");
const esbuild = require("esbuild");
const { default: subset } = await import(require.resolve("subset-font"));
const kern = join(modules, "node_modules/@kern-ux/native");

// Latin with its additions, Latin Extended-A, and the signs of German and European texts. Other letters are shown in
// a font of the reader's machine; `unicode-range` tells browsers which.
const RANGES = [
  [0x20, 0x7e], [0xa0, 0x17f], [0x218, 0x21b], [0x1e9e, 0x1e9e], [0x2010, 0x2027], [0x202f, 0x203a], [0x20ac, 0x20ac],
  [0x2122, 0x2122], [0x2190, 0x2193], [0x2212, 0x2212],
];
const FONTS = [
  { name: "fira-sans-regular", file: "FiraSans-Regular.woff2", weight: 400 },
  { name: "fira-sans-semibold", file: "FiraSans-SemiBold.woff2", weight: 600 },
];
const SCRIPTS = ["suche.js", "portalverbund-suche.js"];
// What we never show: the other theme of a page that says which it wants, since ours follow the reader's machine.
const UNUSED = /data-kern-theme|\.kern-(light|dark|layer)\b/;
// The values that all components stand on are given to the body of a page that names no theme and no layer, as ours do.
const OF_THE_BODY = /^:is\(body,[^)]*\):not\(\[class\*=kern-level-\]\)(?=,$)/m;

const read = (...path) => readFileSync(join(...path));
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
const files = new Map();
const listed = [];

/** Takes a finished file in: by itself, and compressed where that is worth it. */
function take(name, bytes, compress) {
  const [, stem, ext] = name.match(/^(.+)\.([a-z0-9]+)$/);
  const file = `${stem}-${hash(bytes)}.${ext}`;
  files.set(file, bytes);
  if (compress) {
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    };
    files.set(`${file}.br`, brotliCompressSync(bytes, { params }));
    files.set(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
  listed.push(`${name}\t${file}`);
  return `/static/${file}`;
}

async function fonts() {
  const letters = RANGES.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, at) => from + at));
  const text = String.fromCodePoint(...letters);
  const range = RANGES.map(([from, to]) => {
    const [a, b] = [from, to].map((one) => one.toString(16));
    return a === b ? `U+${a}` : `U+${a}-${b}`;
  }).join(",");
  const faces = await Promise.all(FONTS.map(async ({ name, file, weight }) => {
    const cut = await subset(read(kern, "dist/fonts/fira-sans", file), text, { targetFormat: "woff2" });
    const href = take(`${name}.woff2`, cut, false);
    return `@font-face{font-family:"Fira Sans";font-style:normal;font-weight:${weight};font-display:swap;` +
      `src:url("${href}") format("woff2");unicode-range:${range}}`;
  }));
  return faces.join("");
}

/** Takes out what no rule of ours says: rules of other themes, and custom properties that nothing asks for. */
function thinned(css) {
  const root = postcss.parse(css);
  root.walkRules((rule) => {
    const selectors = rule.selectors.filter((selector) => !UNUSED.test(selector));
    if (selectors.length === 0) rule.remove();
    else if (selectors.length < rule.selectors.length) rule.selectors = selectors;
  });
  for (;;) {
    const asked = new Set();
    root.walkDecls((one) => { for (const [, name] of one.value.matchAll(/var\(\s*(--[\w-]+)/g)) asked.add(name); });
    let removed = 0;
    root.walkDecls(/^--/, (one) => { if (!asked.has(one.prop)) { one.remove(); removed += 1; } });
    if (removed === 0) break;
  }
  root.walkRules((rule) => { if (rule.nodes.length === 0) rule.remove(); });
  root.walkAtRules((rule) => { if (rule.nodes && rule.nodes.length === 0) rule.remove(); });
  return root.toString();
}

async function style() {
  const gateway = join(design, "..");
  const whole = read(kern, "dist/kern.css").toString();
  if (!OF_THE_BODY.test(whole)) throw new Error("KERN-UX gives its values to something else than the body now");
  const [purged] = await new PurgeCSS().purge({
    content: [
      join(gateway, "templates/**/*.html"), join(gateway, "src/**/*.rs"), join(design, "*.js"),
    ],
    css: [{ raw: whole.replace(OF_THE_BODY, "body") }],
    keyframes: true,
    safelist: { standard: ["html", "body", ":root"] },
  });
  const css = thinned(`${purged.css}\n${read(design, "portalverbund.css")}`);
  const small = await esbuild.transform(css, { loader: "css", minify: true, legalComments: "none", target: ["chrome111", "firefox113", "safari16.2"] });
  take("portalverbund.css", Buffer.from(`/* KERN-UX 2.7.2 (EUPL-1.2), Portalverbund.NRW (EUPL-1.2), Fira Sans (OFL-1.1) */${await fonts()}${small.code}`), true);
}

async function script(name) {
  const small = await esbuild.transform(read(design, name).toString(), { loader: "js", minify: true, format: "esm", target: "es2020" });
  take(name, Buffer.from(small.code), true);
}

await style();
for (const name of SCRIPTS) await script(name);
mkdirSync(made, { recursive: true });
const list = Buffer.from(`${listed.sort().join("\n")}\n`);
for (const [file, bytes] of [...files, ["manifest.tsv", list]]) {
  const path = join(made, file);
  if (!existsSync(path) || !read(path).equals(bytes)) writeFileSync(path, bytes);
}
for (const file of readdirSync(made)) if (!files.has(file) && file !== "manifest.tsv") rmSync(join(made, file));
for (const line of listed.sort()) {
  const file = line.split("\t")[1];
  const size = (end) => files.get(file + end)?.length ?? "-";
  console.error(`${file}  ${size("")} bytes, br ${size(".br")}, gz ${size(".gz")}`);
}
