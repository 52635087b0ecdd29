package api

import "net/http"

// strictPolicy lets an answer load and run nothing, wherever it is shown.
const strictPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// secureHeaders go with every answer: none is shown in a frame, taken for another type, kept, or read by another site.
var secureHeaders = map[string]string{
	"Content-Security-Policy":      strictPolicy,
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy": "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), " +
		"microphone=(), midi=(), payment=(), usb=()",
	"Cache-Control": "no-store",
}

// strictTransport keeps browsers from http for a year.
const strictTransport = "max-age=31536000"

// SecureHeaders puts the headers of every answer before what answers; those of https only where people come by it.
func SecureHeaders(https bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for name, value := range secureHeaders {
				w.Header().Set(name, value)
			}
			if https {
				w.Header().Set("Strict-Transport-Security", strictTransport)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// refuseCrossOrigin refuses what the page of another site has a browser send, without exemption: it would come with the
// cookies of whoever looks at that page. Requests of other programs say nothing of a site and pass.
func refuseCrossOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, newProblem(http.StatusForbidden, "cross_origin", "requests from pages of other sites are refused"))
	}))
	return protection.Handler(next)
}
