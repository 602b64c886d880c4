package web

import (
	_ "embed"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/views"
)

// openAPI describes what can be called (OpenAPI 3.1): the REST API and the
// streams. Tests hold it against the routes and the real answers.
//
//go:embed openapi.json
var openAPI []byte

// openAPIPath is where it is served.
const openAPIPath = "/api/v1/openapi.json"

// describe answers with the document.
func (s *Server) describe(c echo.Context) error {
	if err := noParameters(c); err != nil {
		return err
	}
	return revalidated(c, "application/json", openAPI)
}

// apiPage shows it to a person.
func (s *Server) apiPage(c echo.Context) error {
	api, err := s.api()
	if err != nil {
		return err
	}
	site := s.site()
	return s.render(c, views.APIReference(views.APIPage{Site: site, Document: openAPIPath, API: api}))
}
