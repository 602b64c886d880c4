package views

// sampleAPI is a small API, read as the real one is.
func sampleAPI() API {
	api, err := ReadAPI([]byte(`{
		"info": {"description": "What the pages do.\n\nErrors say what to do."},
		"tags": [{"name": "Quotes", "description": "Newest first."}, {"name": "Lists", "description": "One's own."}],
		"paths": {
			"/stream/{symbol}": {"get": {"operationId": "follow", "tags": ["Quotes"], "summary": "Follow a symbol", "security": [],
				"parameters": [{"$ref": "#/components/parameters/symbol"}, {"name": "rate", "in": "query", "description": "The pace.",
					"schema": {"type": "number", "x-unit": "writes a second", "minimum": 0.1, "maximum": 50, "default": 10}}],
				"responses": {"200": {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}, "x-events": {"hello": {"$ref": "#/components/schemas/Hello"}, "bye": {"type": "object"}}}}}}}},
			"/lists/{id}": {"put": {"operationId": "replace", "tags": ["Lists"], "summary": "Replace a list", "description": "All of it.",
				"security": [{"device": []}],
				"parameters": [{"name": "id", "in": "path", "required": true, "description": "The list.", "example": "1"},
					{"name": "If-Match", "in": "header", "required": true, "description": "Its ETag.", "example": "\"v3\""}],
				"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/List"}, "example": {"name": "Tech", "symbols": ["AAPL"]}}, "text/csv": {"schema": {"type": "string"}}}},
				"responses": {"200": {"description": "The list.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/List"}}}},
					"default": {"$ref": "#/components/responses/Fault"}}}},
			"/send": {"post": {"operationId": "send", "tags": ["Lists"], "summary": "Say something", "security": [{"admin": []}],
				"responses": {"202": {"description": "Stored."}}}}
		},
		"components": {
			"parameters": {"symbol": {"name": "symbol", "in": "path", "required": true, "description": "The symbol.", "example": "AAPL"}},
			"responses": {"Fault": {"description": "A problem.", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}},
			"schemas": {
				"Hello": {"type": "object", "description": "The first event.", "required": ["heartbeat"], "properties": {
					"heartbeat": {"type": "number", "x-unit": "seconds", "description": "After how long a silence one comes."}, "resumed": {"const": true}}},
				"List": {"type": "object", "required": ["name", "owner"], "properties": {
					"name": {"type": "string", "minLength": 1, "maxLength": 40}, "symbols": {"type": "array", "items": {"$ref": "#/components/schemas/Symbol"}, "maxItems": 200},
					"owner": {"oneOf": [{"type": "null"}, {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "minimum": 1}}}]},
					"notes": {"type": ["array", "null"], "items": {"type": "object", "properties": {"text": {"type": ["string", "null"]}, "time": {"type": "string", "format": "date-time"}}}},
					"views": {"type": "object", "additionalProperties": {"type": "integer"}}, "order": {"type": "string", "enum": ["name", "own"], "default": "own"}, "more": {}}},
				"Problem": {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string", "description": "What to do about it."}}},
				"Symbol": {"type": "string", "description": "In upper case."}
			},
			"securitySchemes": {"device": {"type": "apiKey"}, "admin": {"type": "http"}}
		}
	}`))
	if err != nil {
		panic(err) // it is a part of the program
	}
	return api
}
