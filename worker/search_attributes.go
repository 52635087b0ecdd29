package worker

import (
	"context"
	"errors"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/patch-manager/patch-manager/workflows"
)

// searchAttributes are what runs are found by in Temporal UI.
var searchAttributes = map[string]enums.IndexedValueType{
	workflows.AttributeJob.GetName():       enums.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.AttributeHost.GetName():      enums.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.AttributePhase.GetName():     enums.INDEXED_VALUE_TYPE_KEYWORD,
	workflows.AttributeWindowEnd.GetName(): enums.INDEXED_VALUE_TYPE_DATETIME,
}

// ensureSearchAttributes adds those that the namespace lacks. Where Temporal lets nobody add them this way (a hosted one,
// or one where only its operator may), they count as there: a start of a run says so if they are not.
func (w *Worker) ensureSearchAttributes(ctx context.Context) error {
	operator := w.cfg.Temporal.OperatorService()
	known, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: w.cfg.Namespace})
	if notOurs(err) {
		w.notOurs.Do(func() {
			w.cfg.Log.Warn("search attributes can not be looked at; its operator must have added them", "attributes", searchAttributes)
		})
		return nil
	}
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := map[string]enums.IndexedValueType{}
	for name, want := range searchAttributes {
		is, ok := known.GetCustomAttributes()[name]
		if ok && is != want {
			return fmt.Errorf("%w: search attribute %s is of type %s in namespace %s and must be %s", errForGood, name, is, w.cfg.Namespace, want)
		}
		if !ok {
			missing[name] = want
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: w.cfg.Namespace, SearchAttributes: missing,
	})
	var added *serviceerror.AlreadyExists
	switch {
	case errors.As(err, &added): // by another worker, meanwhile
		return nil
	case notOurs(err):
		w.notOurs.Do(func() {
			w.cfg.Log.Warn("search attributes are missing and only Temporal's operator may add them", "attributes", missing)
		})
		return nil
	case err != nil:
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}

func notOurs(err error) bool {
	var denied *serviceerror.PermissionDenied
	var absent *serviceerror.Unimplemented
	return errors.As(err, &denied) || errors.As(err, &absent)
}
