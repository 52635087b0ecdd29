package main

import (
	"context"

	"github.com/patch-manager/patch-manager/devstack"
)

// preparation is what a cell does before its system starts. It may change what is started.
type preparation func(context.Context, *scene, *devstack.StackConfig) error

// preparations are those of the cells that have one, by their number.
var preparations = map[int]preparation{
	8:  mountDisks,
	9:  layNetwork,
	17: shiftPostgres,
}

// notRun is why a cell can not be run here.
type notRun string

func (n notRun) Error() string { return string(n) }
