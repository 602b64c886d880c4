package store_test

import "testing"

// BenchmarkRuleChanges is what every process asks twice a second.
func BenchmarkRuleChanges(b *testing.B) {
	db := openNew(b)
	_, newest, err := db.RuleChanges(b.Context(), 0, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if list, next, err := db.RuleChanges(b.Context(), newest, 500); err != nil || len(list) > 0 || next != newest {
			b.Fatal(list, next, err)
		}
	}
}
