package devstack

import "log/slog"

// discard is for clients that only try whether a server answers: what they log while it does not is no news.
var discard = slog.New(slog.DiscardHandler)
