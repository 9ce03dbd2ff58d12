// Shows the OpenAPI document. Everything comes from this host; the viewer's own online validator is switched off.
SwaggerUIBundle({
  url: "api/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  tagsSorter: "alpha",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null,
});
