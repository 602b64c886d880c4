package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// minCompressed is the size from which an answer is compressed, in bytes.
const minCompressed = 1024

// routes is the table of everything that the main listener serves. A symbol is
// the rest of its path, because it may have slashes.
func (s *Server) routes() http.Handler {
	e := s.newEcho()
	e.Use(middleware.Recover())
	gzip := middleware.GzipWithConfig(middleware.GzipConfig{MinLength: minCompressed})

	// Streams: no compression, no HEAD.
	e.GET("/events", s.events)
	e.GET("/stream", s.quoteStream)
	e.GET("/stream/*", s.symbolStream)
	e.POST("/events/:stream/symbols", s.changeSymbols)
	e.POST("/stream/:stream/symbols", s.changeSymbols)

	for _, r := range []struct {
		path    string
		handler echo.HandlerFunc
		with    []echo.MiddlewareFunc
	}{
		{"/", s.dashboard, []echo.MiddlewareFunc{gzip}},
		{"/rows", s.rows, []echo.MiddlewareFunc{gzip}},
		{"/market", s.market, nil},
		{"/l/:token", s.sharedList, []echo.MiddlewareFunc{gzip}},
		{"/q/*", s.symbolPage, []echo.MiddlewareFunc{gzip}},
		{"/alerts", s.alertsPage, []echo.MiddlewareFunc{gzip}},
		{"/alerts/list", s.alertListPart, []echo.MiddlewareFunc{gzip}},
		{"/alerts/history", s.alertHistoryPart, []echo.MiddlewareFunc{gzip}},
		{"/embed", s.embedPage, []echo.MiddlewareFunc{gzip}},
		{"/embed/quote/*", s.quoteWidget, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/quotes", s.quotes, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/quotes/*", s.oneQuote, nil},
		{"/api/v1/symbols", s.symbols, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/notifications", s.notifications, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/channels", s.channels, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/channels/:id", s.channel, nil},
		{"/api/v1/channels/:id/deliveries", s.deliveries, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/profile", s.showProfile, nil},
		{"/api/v1/profile/export", s.exportProfile, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/lists", s.lists, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/lists/:id", s.list, nil},
		{"/move/:code", s.movePage, nil},
		{"/api/v1/alerts", s.alerts, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/alerts/conditions", s.alertConditions, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/alerts/history", s.alertHistory, []echo.MiddlewareFunc{gzip}},
		{"/api/v1/alerts/:id", s.alert, nil},
		{"/feeds", s.feeds, []echo.MiddlewareFunc{gzip}},
		{"/healthz", s.healthz, nil},
		{"/readyz", s.readyz, nil},
		{"/static/*", s.assets.serve, nil}, // compressed once, at the start
		{"/favicon.ico", s.favicon, nil},
		{"/push-worker.js", s.pushWorker, nil},
		{"/settings", s.settings, []echo.MiddlewareFunc{gzip}},
		{mailOffPath + ":link", s.mailOff, nil},
		{"/api/v1/push/key", s.pushKey, nil},
		{openAPIPath, s.describe, []echo.MiddlewareFunc{gzip}},
		{"/api", s.apiPage, []echo.MiddlewareFunc{gzip}},
	} {
		e.Match([]string{http.MethodGet, http.MethodHead}, r.path, r.handler, r.with...)
	}
	s.changes(e)
	e.POST("/send", s.send)
	e.POST("/api/v1/channels", s.addChannel)
	e.PATCH("/api/v1/channels/:id", s.changeChannel)
	e.DELETE("/api/v1/channels/:id", s.deleteChannel)
	e.POST("/api/v1/channels/:id/test", s.testChannel)
	e.POST("/api/v1/channels/:id/code", s.resendCode)
	e.POST("/api/v1/channels/:id/secret", s.renewSecret)
	e.POST("/api/v1/channels/:id/confirm", s.confirmChannel)
	e.POST("/api/v1/notifications/read", s.readNotifications)
	e.POST("/api/v1/notifications/clear", s.clearNotifications)
	e.POST("/api/v1/notifications/restore", s.restoreNotifications)
	e.POST("/api/v1/alerts", s.addAlert)
	e.PUT("/api/v1/alerts/:id", s.putAlert)
	e.PATCH("/api/v1/alerts/:id", s.patchAlert)
	e.DELETE("/api/v1/alerts/:id", s.deleteAlert)
	e.POST("/api/v1/alerts/:id/rearm", s.rearmAlert)
	e.POST("/api/v1/alerts/:id/restore", s.restoreAlert)
	e.POST("/feeds", s.enterFeeds)
	e.POST(mailOffPath+":link", s.endMail)
	e.POST(ingestPath, s.ingest)
	if s.DevViews {
		e.GET("/dev/views", s.devViews, gzip)
		e.GET("/dev/views/:name", s.devView, gzip)
	}
	return e
}

// changes are the calls that change a person's own things.
func (s *Server) changes(e *echo.Echo) {
	e.PATCH("/api/v1/profile", s.changeProfile)
	e.DELETE("/api/v1/profile", s.deleteProfile)
	e.POST("/api/v1/profile/move", s.makeMove)
	e.DELETE("/api/v1/profile/devices/:id", s.removeDevice)
	e.POST("/move/:code", s.move)

	e.POST("/api/v1/lists", s.addList)
	e.PUT("/api/v1/lists/order", s.orderLists)
	e.PUT("/api/v1/lists/:id", s.replaceList)
	e.DELETE("/api/v1/lists/:id", s.deleteList)
	e.POST("/api/v1/lists/:id/symbols", s.editList)
	e.POST("/api/v1/lists/:id/restore", s.restoreList)
	e.POST("/api/v1/lists/:id/share", s.shareList)
	e.DELETE("/api/v1/lists/:id/share", s.unshareList)
}
