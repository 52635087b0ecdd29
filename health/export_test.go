package health

// Contains lets the search be tested over readers of any shape.
var Contains = contains
