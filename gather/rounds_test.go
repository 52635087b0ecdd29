package gather_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/patch-manager/patch-manager/gather"
)

// gate carries out rounds when it is told to, and knows what was in each.
type gate struct {
	begun chan []int
	end   chan error
}

func newGate() gate { return gate{begun: make(chan []int, 10), end: make(chan error)} }

func (g gate) carryOut(_ context.Context, asked []int) (int, error) {
	g.begun <- asked
	return len(asked), <-g.end
}

func TestWhatIsAskedMeanwhileIsOneRoundThatBeginsAfterwards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		rounds := gather.NewRounds(100, time.Minute, g.carryOut)
		answers := make(chan int, 10)
		ask := func(n int) {
			go func() {
				answer, err := rounds.Do(t.Context(), n)
				if err == nil {
					answers <- answer
				}
			}()
			synctest.Wait()
		}
		ask(1)
		require.Equal(t, []int{1}, <-g.begun, "a lone request waits for nobody")
		ask(2)
		ask(3)
		require.Empty(t, g.begun, "one round at a time")
		g.end <- nil
		synctest.Wait()
		require.Equal(t, 1, <-answers)
		require.Empty(t, answers, "who asked later gets no answer of a round that began before")
		require.Equal(t, []int{2, 3}, <-g.begun)
		g.end <- nil
		synctest.Wait()
		require.Equal(t, 2, <-answers)
		require.Equal(t, 2, <-answers)
	})
}

func TestARoundIsBoundedAndNoRequestIsSplit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		rounds := gather.NewRounds(3, time.Minute, g.carryOut)
		for _, asked := range [][]int{{1}, {2, 3}, {4, 5}, {6, 7, 8, 9}} {
			go func() { _, _ = rounds.Do(t.Context(), asked...) }()
			synctest.Wait()
		}
		for _, want := range [][]int{{1}, {2, 3}, {4, 5}, {6, 7, 8, 9}} {
			require.Equal(t, want, <-g.begun)
			g.end <- nil
		}
	})
}

func TestAllOfARoundGetItsError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		rounds := gather.NewRounds(100, time.Minute, g.carryOut)
		errs := make(chan error, 10)
		for range 3 {
			go func() {
				_, err := rounds.Do(t.Context(), 1)
				errs <- err
			}()
			synctest.Wait()
		}
		broken := errors.New("broken")
		g.end <- nil
		require.NoError(t, <-errs)
		g.end <- broken
		require.ErrorIs(t, <-errs, broken)
		require.ErrorIs(t, <-errs, broken)
	})
}

func TestWhoGivesUpLeavesTheRoundToTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		rounds := gather.NewRounds(100, time.Minute, g.carryOut)
		ctx, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error, 1)
		go func() {
			_, err := rounds.Do(ctx, 1)
			gaveUp <- err
		}()
		synctest.Wait()
		answered := make(chan error, 1)
		go func() {
			_, err := rounds.Do(t.Context(), 2)
			answered <- err
		}()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-gaveUp, context.Canceled)
		g.end <- nil
		g.end <- nil
		require.NoError(t, <-answered)
	})
}

func TestARoundThatHangsEndsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rounds := gather.NewRounds(100, time.Second, func(ctx context.Context, _ []int) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		_, err := rounds.Do(t.Context(), 1)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
