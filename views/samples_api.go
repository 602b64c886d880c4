package views

// sampleAPI is a small API, read as the real one is.
func sampleAPI() API {
	api, err := ReadAPI([]byte(`{
		"info": {"description": "What the pages do.\n\nErrors say what to do."},
		"tags": [{"name": "Quotes", "description": "Newest first."}, {"name": "Lists", "description": "One's own."}],
		"paths": {
			"/stream/{symbol}": {"get": {"operationId": "follow", "tags": ["Quotes"], "summary": "Follow a symbol", "security": [],
				"parameters": [{"$ref": "#/components/parameters/symbol"}, {"name": "rate", "in": "query", "description": "Writes a second."}],
				"responses": {"200": {"description": "Events.", "content": {"text/event-stream": {"x-events": {"hello": {}, "bye": {}}}}}}}},
			"/lists/{id}": {"put": {"operationId": "replace", "tags": ["Lists"], "summary": "Replace a list", "description": "All of it.",
				"security": [{"device": []}],
				"parameters": [{"name": "id", "in": "path", "required": true, "description": "The list.", "example": "1"},
					{"name": "If-Match", "in": "header", "required": true, "description": "Its ETag.", "example": "\"v3\""}],
				"requestBody": {"content": {"application/json": {"example": {"name": "Tech", "symbols": ["AAPL"]}}}},
				"responses": {"200": {"description": "The list.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/List"}}}},
					"default": {"$ref": "#/components/responses/Fault"}}}},
			"/send": {"post": {"operationId": "send", "tags": ["Lists"], "summary": "Say something", "security": [{"admin": []}],
				"responses": {"202": {"description": "Stored."}}}}
		},
		"components": {
			"parameters": {"symbol": {"name": "symbol", "in": "path", "required": true, "description": "The symbol.", "example": "AAPL"}},
			"responses": {"Fault": {"description": "A problem.", "content": {"application/problem+json": {}}}},
			"securitySchemes": {"device": {"type": "apiKey"}, "admin": {"type": "http"}}
		}
	}`))
	if err != nil {
		panic(err) // it is a part of the program
	}
	return api
}
