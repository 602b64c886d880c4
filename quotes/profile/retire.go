package profile

import (
	"context"
	"log/slog"
	"time"
)

// RunRetire looks at once and then daily for profiles that nobody uses any more,
// until ctx ends; then it returns nil. A look that fails is logged, and made anew
// an hour later.
func RunRetire(ctx context.Context, s Store, logger *slog.Logger) error {
	for {
		pause := 24 * time.Hour
		gone, err := s.Retire(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			logger.Warn("profiles that nobody uses stay for now", "error", err)
			pause = time.Hour
		}
		if len(gone) > 0 {
			logger.Info("profiles that nobody used were removed", "profiles", len(gone))
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}
