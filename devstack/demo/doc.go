// Package demo runs the main job of Patch Manager on a stack of its own and judges how it ended: hosts that are healthy
// are patched, one that becomes healthy is patched then, and one that never does is left alone.
package demo
