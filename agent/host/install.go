package host

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/patch-manager/patch-manager/agent"
)

// lockWait is for how many seconds apt waits for another program that holds dpkg's lock.
const lockWait = "600"

// keepConfiguration answers dpkg's questions about changed configuration files: the default where there is one, and
// where there is none the file stays as the administrator left it.
var keepConfiguration = []string{"--force-confdef", "--force-confold"}

// installation is the command that upgrades packages, and nothing else: what is not installed is not brought in by
// name, and nothing is ever removed to make room.
func installation(packages []string) Command {
	args := []string{"install", "--yes", "-q", "--only-upgrade", "--no-remove", "-o", "DPkg::Lock::Timeout=" + lockWait}
	for _, o := range keepConfiguration {
		args = append(args, "-o", "Dpkg::Options::="+o)
	}
	args = append(args, "-o", "Dpkg::Use-Pty=false", "-o", "APT::Status-Fd=3", "--")
	return Command{Path: "apt-get", Args: append(args, packages...)}
}

func configuration() Command {
	return Command{Path: "dpkg", Args: append(slices.Clone(keepConfiguration), "--configure", "-a")}
}

// install upgrades the job's packages and says how that ended.
func (r *runner) install(ctx context.Context) outcome {
	if end := r.mend(ctx); end != nil {
		return *end
	}
	packages, end := r.selectPackages(ctx)
	if end != nil {
		return *end
	}
	if len(packages) == 0 {
		return outcome{Status: agent.JobCompleted, Message: "nothing to do"}
	}
	auto := r.automatic(ctx, packages)
	r.say("upgrade %s", strings.Join(packages, " "))
	err := r.start(ctx, installation(packages))
	if err != nil && ctx.Err() == nil && superseded(r.stderr()) {
		// Nothing was unpacked: apt fetches all before it installs any.
		r.say("the mirror no longer has these versions: fetch the package lists and try once more")
		if err := r.start(ctx, updateLists()); err != nil {
			return r.failed(ctx, agent.JobCacheRefresh, err)
		}
		err = r.start(ctx, installation(packages))
	}
	r.markAutomatic(ctx, auto)
	if err != nil {
		return r.failed(ctx, "", err)
	}
	zero := 0
	return outcome{Status: agent.JobCompleted, Message: "packages upgraded", ExitCode: &zero}
}

// mend finishes what an upgrade that was cut off left half done; apt refuses to work before that.
func (r *runner) mend(ctx context.Context) *outcome {
	clean, err := databaseClean(ctx, r.commands)
	if err == nil && !clean {
		r.say("finish an upgrade that was cut off")
		err = r.start(ctx, configuration())
	}
	if err != nil {
		end := r.failed(ctx, "", err)
		return &end
	}
	return nil
}

// selectPackages drops what the host holds back, which apt would refuse together with all the rest.
func (r *runner) selectPackages(ctx context.Context) ([]string, *outcome) {
	known, err := queryInstalled(ctx, r.commands)
	if err != nil {
		end := r.failed(ctx, "", err)
		return nil, &end
	}
	var chosen, missing []string
	for _, name := range r.Packages {
		switch held, ok := known[name]; {
		case !ok:
			missing = append(missing, name)
		case held:
			r.say("%s is on hold and left out", name)
		default:
			chosen = append(chosen, name)
		}
	}
	if len(missing) > 0 {
		end := failure(r.now(), agent.JobPackageNotFound, "not installed on this host: %s", strings.Join(missing, ", "))
		return nil, &end
	}
	return chosen, nil
}

// automatic returns which of the packages were installed as dependencies only. To name a package to apt makes it count
// as asked for, and it would stay for ever after the last package that needs it.
func (r *runner) automatic(ctx context.Context, packages []string) []string {
	out, err := r.commands.Output(ctx, Command{Path: "apt-mark", Args: append([]string{"showauto", "--"}, packages...)})
	if err != nil {
		r.say("which packages are dependencies only is not known: %v", err)
		return nil
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(name string) bool { return !validPackage(name) })
}

func (r *runner) markAutomatic(ctx context.Context, packages []string) {
	if len(packages) == 0 {
		return
	}
	if _, err := r.commands.Output(ctx, Command{Path: "apt-mark", Args: append([]string{"auto", "--"}, packages...)}); err != nil {
		r.say("the marks of dependencies were not restored: %v", err)
	}
}

// start runs a command with its output in the job's files.
func (r *runner) start(ctx context.Context, c Command) error {
	var open []*os.File
	defer func() {
		for _, f := range open {
			_ = f.Close()
		}
	}()
	for file, to := range map[string]**os.File{fileStdout: &c.Stdout, fileStderr: &c.Stderr, fileStatus: &c.Status} {
		f, err := os.OpenFile(r.jobs.path(r.ID, file), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		open, *to = append(open, f), f
	}
	return r.commands.Start(ctx, c)
}

func (r *runner) stderr() string { return tail(r.jobs.path(r.ID, fileStderr), maxToldErrors) }

// failed is the outcome of a command that failed, with the code that its last words stand for unless one is given.
func (r *runner) failed(ctx context.Context, code string, err error) outcome {
	if ctx.Err() != nil {
		end := failure(r.now(), agent.JobTimeout, "not finished after %s", jobLimit)
		end.Status = agent.JobTimedOut
		return end
	}
	if code == "" {
		code = errorCode(err, r.stderr())
	}
	end := failure(r.now(), code, "%v%s", err, lastErrors(r.stderr()))
	if n, ran := exitCode(err); ran {
		end.ExitCode = &n
	}
	return end
}

// symptoms are what apt and dpkg print in the C locale, and the contract's code for it; the first that is found counts.
var symptoms = []struct{ text, code string }{
	{"Unable to locate package", agent.JobPackageNotFound},
	{"has no installation candidate", agent.JobPackageNotFound},
	{"NO_PUBKEY", agent.JobGPG},
	{"is not signed", agent.JobGPG},
	{"packages cannot be authenticated", agent.JobGPG},
	{"were unauthenticated packages", agent.JobGPG},
	{"Temporary failure resolving", agent.JobNetwork},
	{"Could not connect", agent.JobNetwork},
	{"Unable to fetch some archives", agent.JobNetwork},
	{"Failed to fetch", agent.JobNetwork},
	{"unmet dependencies", agent.JobDependencyConflict},
	{"held broken packages", agent.JobDependencyConflict},
	{"remove is disabled", agent.JobDependencyConflict},
	{"Held packages were changed", agent.JobDependencyConflict},
	{"are you root?", agent.JobPermissionDenied},
	{"requires superuser privilege", agent.JobPermissionDenied},
}

func errorCode(err error, stderr string) string {
	if errors.Is(err, exec.ErrNotFound) {
		return agent.JobCommandNotFound
	}
	for _, s := range symptoms {
		if strings.Contains(stderr, s.text) {
			return s.code
		}
	}
	return agent.JobPackageManager
}

// superseded reports whether a fetch failed since the mirror has a newer version by now.
func superseded(stderr string) bool {
	return strings.Contains(stderr, "Failed to fetch") && strings.Contains(stderr, "404")
}

// lastErrors returns apt's own last error lines, for the job's one-line error.
func lastErrors(stderr string) string {
	var errs []string
	for _, line := range lastLines(stderr, maxToldLines) {
		if strings.HasPrefix(line, "E: ") || strings.HasPrefix(line, "dpkg: error") {
			errs = append(errs, strings.TrimPrefix(line, "E: "))
		}
	}
	if len(errs) == 0 {
		return ""
	}
	const most = 3
	return ": " + strings.Join(errs[max(0, len(errs)-most):], "; ")
}
