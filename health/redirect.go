package health

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/patch-manager/patch-manager/fleet"
)

func isRedirect(status int) bool {
	return slices.Contains([]int{
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect,
		http.StatusPermanentRedirect,
	}, status)
}

// redirectTarget is where a redirect from a URL leads, as a URL that a check could have itself, or what is wrong with it.
// It never quotes the location.
func redirectTarget(from *url.URL, location string) (target, fault string) {
	to, err := from.Parse(location)
	if location == "" || err != nil {
		return "", "to nowhere"
	}
	to.Fragment, to.RawFragment = "", ""
	target = to.String()
	if fleet.ValidateURL(target) != nil {
		return "", "to a URL that no check may have"
	}
	if from.Scheme == "https" && to.Scheme != "https" {
		return "", "from https to http"
	}
	return target, ""
}
