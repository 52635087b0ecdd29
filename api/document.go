package api

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
)

// DocumentVersion is the version that the committed document carries, whatever build prints it.
const DocumentVersion = "1"

// The ways to authenticate.
const (
	bearerScheme = "bearer"
	cookieScheme = "session"
)

// humaConfig is the framework without what it would add by itself: a docs page from a foreign host, schema links in
// bodies and routes of its own.
func humaConfig(version string) huma.Config {
	cfg := huma.DefaultConfig("Patch Manager", version)
	cfg.Info.Description = "Patches fleets of Linux hosts inside their maintenance windows, while all their health checks " +
		"are healthy, and at most once per job. Enumerations are open: clients must accept values they do not know."
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil
	cfg.RejectUnknownQueryParameters = true
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearerScheme: {Type: "http", Scheme: "bearer", Description: "An API token, made by POST /tokens or `patch-manager token create`. " +
			"It counts where a session is sent as well."},
		cookieScheme: {Type: "apiKey", In: "cookie", Name: hostPrefix + sessionCookie, Description: "The cookie that a browser gets " +
			"by signing in; over http, which is for loopback addresses alone, without the prefix " + hostPrefix},
	}
	cfg.Tags = []*huma.Tag{
		{Name: "Signing in"},
		{Name: "Users"},
		{Name: "Tokens"},
		{Name: "Hosts"},
		{Name: "Health checks"},
		{Name: "Maintenance windows"},
		{Name: "Groups"},
		{Name: "Jobs"},
		{Name: "Enrolment"},
		{Name: "Events"},
		{Name: "Agents", Description: "For the agents of hosts that have no certificate yet; no token needed"},
		{Name: "Audit"},
		{Name: "Settings"},
		{Name: "Metrics"},
		{Name: "Probes", Description: "For load balancers and monitoring; no token needed"},
	}
	return cfg
}

// Document returns the OpenAPI document of the API as indented JSON, the same bytes every time.
func Document(version string) []byte {
	s := &server{Config: Config{Version: version}}
	s.api = humachi.New(chi.NewMux(), humaConfig(version))
	s.registerAll()
	return encodeDocument(s.api.OpenAPI())
}

// describeIDs documents ids in paths as UUIDs. It is done after registration, on copies, because the framework would
// refuse a malformed id with 422 where it has to look like any other id that does not exist.
func describeIDs(doc *huma.OpenAPI) {
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				if p.In == "path" && (p.Name == "id" || strings.HasSuffix(p.Name, "_id")) {
					schema := *p.Schema
					schema.Format = "uuid"
					p.Schema = &schema
				}
			}
		}
	}
}

// openAnswers lets answers hold fields that the document does not name: they are added over time, and clients must not
// stumble over them. What is sent stays closed.
func openAnswers(doc *huma.OpenAPI) {
	sent := map[string]bool{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Put, item.Post} {
			if op != nil && op.RequestBody != nil {
				markSent(doc, op.RequestBody.Content["application/json"].Schema, sent)
			}
		}
	}
	for name, schema := range doc.Components.Schemas.Map() {
		if closed, ok := schema.AdditionalProperties.(bool); ok && !closed && !sent[name] {
			schema.AdditionalProperties = nil
		}
	}
}

// markSent collects the schemas that a request body is made of.
func markSent(doc *huma.OpenAPI, schema *huma.Schema, sent map[string]bool) {
	if schema == nil {
		return
	}
	if name := strings.TrimPrefix(schema.Ref, "#/components/schemas/"); name != "" && !sent[name] {
		sent[name] = true
		markSent(doc, doc.Components.Schemas.SchemaFromRef(schema.Ref), sent)
	}
	for _, property := range schema.Properties {
		markSent(doc, property, sent)
	}
	markSent(doc, schema.Items, sent)
}
