package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/patch-manager/patch-manager/devstack/realhost"
)

// judge compares what the product says with what apt and dpkg of the guest say.
func (d *realDemonstration) judge(ctx context.Context) error {
	row, err := d.job.host(ctx, d.stack.API, d.hostID)
	if err != nil {
		return err
	}
	left, err := d.guest.Upgradable(ctx)
	if err != nil {
		return err
	}
	upgrades, err := d.guest.DpkgLog()
	if err != nil {
		return err
	}
	d.print(d.Out, upgrades)
	err = errors.Join(d.judgeRow(row), judgeUpgrades(d.pending, left, upgrades), judgeGate(d.mended, upgrades))
	if d.guest.Boots() != 2 {
		err = errors.Join(err, fmt.Errorf("the guest was booted %d times instead of twice", d.guest.Boots()))
	}
	if err != nil {
		return fmt.Errorf("the host did not end as it should:\n%w", err)
	}
	fmt.Fprintf(d.Out, "\n%s: %d packages upgraded once each, nothing left to upgrade, rebooted once, healthy.\n", realFQDN, len(upgrades))
	return nil
}

func (d *realDemonstration) judgeRow(row jobHost) error {
	if row.Status != "succeeded" {
		return fmt.Errorf("it is %s (%s: %s) instead of succeeded", row.Status, row.Reason, row.Detail)
	}
	if d.mended.IsZero() || len(row.Evaluations) <= realTries {
		return errors.New("it did not wait at the gate until nginx ran")
	}
	var wrong []error
	for _, p := range row.Packages {
		if p.Result != "installed" {
			wrong = append(wrong, fmt.Errorf("%s is %s instead of installed", p.Name, p.Result))
		}
	}
	if len(row.Packages) != len(d.pending) {
		wrong = append(wrong, fmt.Errorf("it tells of %d packages instead of %d", len(row.Packages), len(d.pending)))
	}
	return errors.Join(wrong...)
}

// judgeUpgrades demands that each pending package was upgraded once, none twice, and that nothing is left.
func judgeUpgrades(pending, left []string, upgrades []realhost.Upgrade) error {
	var wrong []error
	if len(left) > 0 {
		wrong = append(wrong, fmt.Errorf("apt still lists %s", strings.Join(left, " ")))
	}
	times := map[string]int{}
	for _, u := range upgrades {
		name, _, _ := strings.Cut(u.Package, ":")
		if times[name]++; times[name] > 1 {
			wrong = append(wrong, fmt.Errorf("%s was upgraded %d times", name, times[name]))
		}
		if !slices.Contains(pending, name) {
			wrong = append(wrong, fmt.Errorf("%s was upgraded and was not pending", name))
		}
	}
	for _, name := range pending {
		if times[name] == 0 {
			wrong = append(wrong, fmt.Errorf("%s was not upgraded", name))
		}
	}
	return errors.Join(wrong...)
}

// judgeGate demands that nothing was installed before nginx ran again.
func judgeGate(mended time.Time, upgrades []realhost.Upgrade) error {
	for _, u := range upgrades {
		if u.At.Before(mended.Truncate(time.Second)) {
			return fmt.Errorf("%s was upgraded at %s, before nginx was started at %s", u.Package,
				u.At.Format(time.TimeOnly), mended.UTC().Format(time.TimeOnly))
		}
	}
	return nil
}
