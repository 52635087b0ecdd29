// Command faults breaks the parts of a running system while jobs run, and judges what came of it by what the simulated hosts
// themselves have logged: `make faults`. Each cell is one way to break it, on servers of its own. It fails where an
// invariant did not hold; how long recoveries took is printed beside their limits.
package main
