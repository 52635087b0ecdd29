"use strict";
// Shows the OpenAPI document that this same process serves. Everything is set as text, never as markup.

const methods = ["get", "post", "put", "delete"];

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.filter((c) => c !== null && c !== undefined && c !== ""));
  return node;
}

function refName(schema) {
  return schema.$ref ? schema.$ref.split("/").pop() : null;
}

function typeOf(schema) {
  if (!schema) return make("span", {}, "nothing");
  const name = refName(schema);
  if (name) return make("a", { href: "#schema-" + name }, name);
  const types = [].concat(schema.type || "any");
  if (types.includes("array")) return make("span", {}, "array of ", typeOf(schema.items), types.includes("null") ? " or null" : "");
  if (types.includes("object") && typeof schema.additionalProperties === "object") {
    return make("span", {}, "map of ", typeOf(schema.additionalProperties));
  }
  return make("span", {}, types.join(" or ") + (schema.format ? " (" + schema.format + ")" : ""));
}

function rules(schema) {
  const words = [];
  if (schema.enum) words.push("one of " + schema.enum.join(", "));
  if (schema.minimum !== undefined) words.push("at least " + schema.minimum);
  if (schema.maximum !== undefined) words.push("at most " + schema.maximum);
  if (schema.minLength) words.push("at least " + schema.minLength + " characters");
  if (schema.maxLength !== undefined) words.push("at most " + schema.maxLength + " characters");
  if (schema.minItems) words.push("at least " + schema.minItems + " items");
  if (schema.maxItems !== undefined) words.push("at most " + schema.maxItems + " items");
  if (schema.default !== undefined) words.push("default " + JSON.stringify(schema.default));
  return words.join("; ");
}

function row(name, schema, required, description) {
  return make("tr", {},
    make("td", {}, make("code", {}, name), required ? " *" : ""),
    make("td", {}, typeOf(schema)),
    make("td", {}, [description || schema.description, rules(schema)].filter(Boolean).join(". ")));
}

function table(rows) {
  const head = make("tr", {}, ...["Name (* required)", "Type", "Meaning"].map((h) => make("th", { scope: "col" }, h)));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
}

function content(body) {
  return Object.entries((body && body.content) || {}).map(([type, media]) =>
    make("span", {}, typeOf(media.schema), " ", make("code", {}, type)));
}

function operation(path, method, op) {
  const parts = [
    make("h3", {}, make("span", { class: "method" }, method.toUpperCase()), make("code", {}, path)),
    make("p", {}, op.summary || ""),
    op.description ? make("p", {}, op.description) : null,
  ];
  if (op.parameters && op.parameters.length) {
    parts.push(make("h4", {}, "Parameters"),
      table(op.parameters.map((p) => row(p.name + " (" + p.in + ")", p.schema || {}, p.required, p.description))));
  }
  if (op.requestBody) parts.push(make("h4", {}, "Body"), make("p", {}, ...content(op.requestBody)));
  parts.push(make("h4", {}, "Answers"));
  for (const [status, answer] of Object.entries(op.responses || {})) {
    parts.push(make("div", {}, make("code", {}, status), " " + (answer.description || "") + " ", ...content(answer)));
  }
  return make("section", { id: op.operationId, "data-text": (path + " " + method + " " + op.operationId + " " + (op.summary || "")).toLowerCase() }, ...parts);
}

function schemaSection(name, schema) {
  const required = schema.required || [];
  const rows = Object.entries(schema.properties || {}).map(([n, s]) => row(n, s, required.includes(n)));
  return make("details", { id: "schema-" + name }, make("summary", {}, make("code", {}, name)),
    schema.description ? make("p", {}, schema.description) : null, rows.length ? table(rows) : make("p", {}, typeOf(schema)));
}

function render(doc) {
  const main = document.getElementById("main"), index = document.getElementById("index");
  document.getElementById("status").remove();
  main.append(make("p", {}, doc.info.description || ""), make("p", {}, "Version " + doc.info.version + ". The document: ", make("a", { href: "/openapi.json" }, "/openapi.json"), "."));
  const groups = new Map();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of methods.filter((m) => item[m])) {
      const tag = (item[method].tags || ["Other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push([path, method, item[method]]);
    }
  }
  for (const [tag, operations] of groups) {
    index.append(make("h2", {}, tag));
    main.append(make("h2", {}, tag));
    for (const [path, method, op] of operations) {
      main.append(operation(path, method, op));
      index.append(make("a", { href: "#" + op.operationId, "data-for": op.operationId }, op.operationId));
    }
  }
  main.append(make("h2", {}, "Schemas"), ...Object.entries(doc.components.schemas).map(([n, s]) => schemaSection(n, s)));
  openTarget();
}

function openTarget() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (!target) return;
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView();
}

document.getElementById("search").addEventListener("input", (event) => {
  const text = event.target.value.toLowerCase();
  for (const section of document.querySelectorAll("section[data-text]")) {
    const hidden = !section.dataset.text.includes(text);
    section.hidden = hidden;
    document.querySelector('[data-for="' + section.id + '"]').hidden = hidden;
  }
});
window.addEventListener("hashchange", openTarget);

fetch("/openapi.json")
  .then((answer) => { if (!answer.ok) throw new Error("status " + answer.status); return answer.json(); })
  .then(render)
  .catch((error) => { document.getElementById("status").textContent = "The document could not be read: " + error.message; });
