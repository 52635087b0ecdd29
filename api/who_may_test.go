package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// says is how the documentation begins to say who may, by the class of access that the matrix holds.
var says = map[access]string{
	public: "everybody", anyone: "whoever is signed in; ", viewerOf: "viewers and operators", operatorOf: "operators of a group",
	operatorOfAll: "operators of every host", operatorNamed: "operators of everything", adminOf: "administrators",
	adminOnly: "administrators", ownerOf: "whom it belongs to", signedIn: "whoever is signed in with a session",
	adminSignedIn: "administrators who are signed in", beforeAdmins: "who has a code", fromProvider: "the browser that comes back",
}

func TestTheDocumentSaysOfEachOperationWhoMayAsTheMatrixHoldsIt(t *testing.T) {
	t.Parallel()
	for id, op := range operations(t) {
		require.NotEmpty(t, says[matrix[id].who], "say in who_may_test.go how the documentation puts the class %s", matrix[id].who)
		require.Contains(t, op.Description, "Who may: "+says[matrix[id].who], "say in api/rights.go who may use %s", id)
	}
}
