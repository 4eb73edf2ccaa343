//! What callers ask for, feature by feature: how each caller's protocol says it, and how it stands in what each
//! provider's protocol is sent.

use super::Caller::{self, Anthropic, Chat, Completions, Gemini, Ollama, Responses};
use optscale_ai::types::Protocol;
use serde_json::{Value, json};

/// A feature of requests.
pub struct Ask {
    pub name: &'static str,
    /// Members of the body that ask for it; protocols without one have no way to ask.
    pub says: Vec<(Caller, Value)>,
    /// `path=words` that all hold in the body that is sent, in the protocol's own way.
    pub sent: Vec<(Protocol, Vec<&'static str>)>,
    /// The same for another way that comes to the same.
    pub otherwise: Vec<(Protocol, Vec<&'static str>)>,
    /// What one of the names of what was left out must have in it.
    pub named: &'static [&'static str],
}

const IMAGE: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const IMAGE_URL: &str = "https://example.com/cat.png";
const PDF: &str = "JVBERi0xLjQKJeLjz9MK";
const PDF_URL: &str = "https://example.com/paper.pdf";
const SOUND: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

/// What every request has: one text of the user.
pub fn base(caller: Caller) -> Value {
    let messages = json!([{"role": "user", "content": "Hello there"}]);
    match caller {
        Chat => json!({"model": "m", "messages": messages}),
        Completions => json!({"model": "m", "prompt": "Hello there"}),
        Anthropic => json!({"model": "m", "max_tokens": 500, "messages": messages}),
        Gemini => json!({"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]}),
        Responses => json!({"model": "m", "input": "Hello there"}),
        Ollama => json!({"model": "m", "messages": messages, "stream": false}),
    }
}

/// All features of requests.
pub fn all() -> Vec<Ask> {
    [conversations(), tools(), media(), forms(), thinking(), drawing(), notes()].into_iter().flatten().collect()
}

fn said(role: &str, content: Value) -> Value {
    json!({"messages": [{"role": role, "content": content}]})
}

fn config(members: Value) -> Value {
    json!({"generationConfig": members})
}

fn options(members: Value) -> Value {
    json!({"options": members})
}

fn conversations() -> Vec<Ask> {
    let turns = json!([{"role": "user", "content": "One"}, {"role": "assistant", "content": "Two"}, {"role": "user", "content": "Three"}]);
    let contents = json!([{"role": "user", "parts": [{"text": "One"}]}, {"role": "model", "parts": [{"text": "Two"}]}, {"role": "user", "parts": [{"text": "Three"}]}]);
    let with_system =
        json!({"messages": [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hello there"}]});
    vec![
        Ask {
            name: "text",
            says: Caller::ALL.map(|caller| (caller, json!({}))).to_vec(),
            sent: vec![
                (Protocol::Openai, vec!["messages/*/content=Hello there"]),
                (Protocol::Responses, vec!["input/*/content/*/text=Hello there"]),
                (Protocol::Anthropic, vec!["messages/*/content/*/text=Hello there"]),
                (Protocol::Gemini, vec!["contents/*/parts/*/text=Hello there"]),
                (Protocol::Ollama, vec!["messages/*/content=Hello there"]),
                (Protocol::Cohere, vec!["messages/*/content=Hello there"]),
            ],
            otherwise: vec![],
            named: &[],
        },
        Ask {
            name: "system instructions",
            says: vec![
                (Chat, with_system.clone()),
                (Anthropic, json!({"system": "Be brief"})),
                (Gemini, json!({"systemInstruction": {"parts": [{"text": "Be brief"}]}})),
                (Responses, json!({"instructions": "Be brief"})),
                (Ollama, with_system),
            ],
            sent: vec![
                (Protocol::Openai, vec!["messages/0/role=system", "messages/0/content=Be brief"]),
                (Protocol::Responses, vec!["instructions=Be brief"]),
                (Protocol::Anthropic, vec!["system=Be brief"]),
                (Protocol::Gemini, vec!["systemInstruction/parts/*/text=Be brief"]),
                (Protocol::Ollama, vec!["messages/0/role=system", "messages/0/content=Be brief"]),
                (Protocol::Cohere, vec!["messages/0/role=system", "messages/0/content=Be brief"]),
            ],
            otherwise: vec![],
            named: &["system"],
        },
        Ask {
            name: "turns before",
            says: vec![
                (Chat, json!({"messages": turns})),
                (Anthropic, json!({"messages": turns})),
                (Gemini, json!({"contents": contents})),
                (Responses, json!({"input": turns})),
                (Ollama, json!({"messages": turns})),
            ],
            sent: vec![
                (
                    Protocol::Openai,
                    vec!["messages/1/role=assistant", "messages/1/content=Two", "messages/2/content=Three"],
                ),
                (
                    Protocol::Responses,
                    vec!["input/1/role=assistant", "input/1/content/0/text=Two", "input/2/content=Three"],
                ),
                (
                    Protocol::Anthropic,
                    vec!["messages/1/role=assistant", "messages/1/content=Two", "messages/2/content=Three"],
                ),
                (
                    Protocol::Gemini,
                    vec!["contents/1/role=model", "contents/1/parts/0/text=Two", "contents/2/parts=Three"],
                ),
                (
                    Protocol::Ollama,
                    vec!["messages/1/role=assistant", "messages/1/content=Two", "messages/2/content=Three"],
                ),
                (
                    Protocol::Cohere,
                    vec!["messages/1/role=assistant", "messages/1/content=Two", "messages/2/content=Three"],
                ),
            ],
            otherwise: vec![],
            named: &["messages"],
        },
        Ask {
            name: "an answer as a stream",
            says: vec![
                (Chat, json!({"stream": true})),
                (Completions, json!({"stream": true})),
                (Anthropic, json!({"stream": true})),
                (Gemini, json!({"stream?": true})),
                (Responses, json!({"stream": true})),
                (Ollama, json!({"stream": true})),
            ],
            sent: vec![
                (Protocol::Openai, vec!["stream=true"]),
                (Protocol::Responses, vec!["stream=true"]),
                (Protocol::Anthropic, vec!["stream=true"]),
                // The address says it.
                (Protocol::Gemini, vec!["contents"]),
                (Protocol::Ollama, vec!["stream=true"]),
                (Protocol::Cohere, vec!["stream=true"]),
            ],
            otherwise: vec![],
            named: &["stream"],
        },
        Ask {
            name: "usage in the stream",
            says: vec![
                (Chat, json!({"stream": true, "stream_options": {"include_usage": true}})),
                (Completions, json!({"stream": true, "stream_options": {"include_usage": true}})),
            ],
            sent: vec![
                (Protocol::Openai, vec!["stream_options/include_usage=true"]),
                // Always told by the others.
                (Protocol::Responses, vec!["stream=true"]),
                (Protocol::Anthropic, vec!["stream=true"]),
                (Protocol::Gemini, vec!["contents"]),
                (Protocol::Ollama, vec!["stream=true"]),
                (Protocol::Cohere, vec!["stream=true"]),
            ],
            otherwise: vec![],
            named: &["stream_options"],
        },
    ]
}

/// A function in each caller's words.
fn functions(schema: &Value) -> Vec<(Caller, Value)> {
    let function = json!({"name": "get_weather", "description": "Tells the weather", "parameters": schema});
    let chat = json!({"tools": [{"type": "function", "function": function}]});
    vec![
        (Chat, chat.clone()),
        (
            Anthropic,
            json!({"tools": [{"name": "get_weather", "description": "Tells the weather", "input_schema": schema}]}),
        ),
        (Gemini, json!({"tools": [{"functionDeclarations": [function]}]})),
        (
            Responses,
            json!({"tools": [{"type": "function", "name": "get_weather", "description": "Tells the weather", "parameters": schema, "strict": false}]}),
        ),
        (Ollama, chat),
    ]
}

/// The same, and more members beside it.
fn with(mut says: Vec<(Caller, Value)>, more: &[(Caller, Value)]) -> Vec<(Caller, Value)> {
    says.retain(|(caller, _)| more.iter().any(|(other, _)| other == caller));
    for (caller, body) in &mut says {
        let more = more.iter().find(|(other, _)| other == caller).unwrap();
        more.1.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
    }
    says
}

/// A call that came before, and its result.
fn result(content: &Value, parts: &Value, output: &Value) -> Vec<(Caller, Value)> {
    let call = json!({"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}});
    let asked = json!({"role": "user", "content": "Hello there"});
    let more = [
        (
            Chat,
            json!({"messages": [asked, {"role": "assistant", "content": null, "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_1", "content": content}]}),
        ),
        (
            Anthropic,
            json!({"messages": [asked, {"role": "assistant", "content": [{"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {"city": "Paris"}}]}, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": parts}]}]}),
        ),
        (
            Gemini,
            json!({"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}, {"role": "model", "parts": [{"functionCall": {"id": "call_1", "name": "get_weather", "args": {"city": "Paris"}}}]}, {"role": "user", "parts": [{"functionResponse": output}]}]}),
        ),
        (
            Responses,
            json!({"input": [asked, {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}, {"type": "function_call_output", "call_id": "call_1", "output": content_of_responses(content)}]}),
        ),
        (
            Ollama,
            json!({"messages": [asked, {"role": "assistant", "content": "", "tool_calls": [{"id": "call_1", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}]}, {"role": "tool", "tool_call_id": "call_1", "tool_name": "get_weather", "content": "22 C"}]}),
        ),
    ];
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    with(functions(&schema), &more)
}

/// Chat's parts of a result, as Responses writes them.
fn content_of_responses(content: &Value) -> Value {
    let Some(parts) = content.as_array() else { return content.clone() };
    let part = |part: &Value| match part["type"].as_str() {
        Some("image_url") => json!({"type": "input_image", "image_url": part["image_url"]["url"]}),
        _ => json!({"type": "input_text", "text": part["text"]}),
    };
    parts.iter().map(part).collect()
}

fn tools() -> Vec<Ask> {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let offered = vec![
        (
            Protocol::Openai,
            vec!["tools/*/function/name=get_weather", "tools/*/function/parameters/properties/city/type=string"],
        ),
        (Protocol::Responses, vec!["tools/*/name=get_weather", "tools/*/parameters/properties/city/type=string"]),
        (Protocol::Anthropic, vec!["tools/*/name=get_weather", "tools/*/input_schema/properties/city/type=string"]),
        (
            Protocol::Gemini,
            vec![
                "tools/*/functionDeclarations/*/name=get_weather",
                "tools/*/functionDeclarations/*/parametersJsonSchema|parameters/properties/city/type",
            ],
        ),
        (
            Protocol::Ollama,
            vec!["tools/*/function/name=get_weather", "tools/*/function/parameters/properties/city/type=string"],
        ),
        (
            Protocol::Cohere,
            vec!["tools/*/function/name=get_weather", "tools/*/function/parameters/properties/city/type=string"],
        ),
    ];
    let named_only = |finds: &[(Protocol, Vec<&'static str>)]| {
        finds.iter().map(|(protocol, finds)| (*protocol, finds[..1].to_vec())).collect()
    };
    let result_text = vec![
        (
            Protocol::Openai,
            vec![
                "messages/*/tool_calls/*/function/name=get_weather",
                "messages/2/role=tool",
                "messages/2/content=22 C",
            ],
        ),
        (Protocol::Responses, vec!["input/1/name=get_weather", "input/2/output=22 C"]),
        (
            Protocol::Anthropic,
            vec![
                "messages/1/content/*/name=get_weather",
                "messages/2/content/0/type=tool_result",
                "messages/2/content/0/content=22 C",
            ],
        ),
        (
            Protocol::Gemini,
            vec![
                "contents/1/parts/*/functionCall/name=get_weather",
                "contents/2/parts/*/functionResponse/response=22 C",
            ],
        ),
        (
            Protocol::Ollama,
            vec![
                "messages/1/tool_calls/*/function/name=get_weather",
                "messages/2/role=tool",
                "messages/2/content=22 C",
            ],
        ),
        (
            Protocol::Cohere,
            vec![
                "messages/1/tool_calls/*/function/name=get_weather",
                "messages/2/role=tool",
                "messages/2/content=22 C",
            ],
        ),
    ];
    let words = json!([{"type": "text", "text": "22 C"}]);
    let picture = json!([{"type": "text", "text": "22 C"}, {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{IMAGE}")}}]);
    let picture_blocks = json!([{"type": "text", "text": "22 C"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}}]);
    let response = json!({"id": "call_1", "name": "get_weather", "response": {"output": "22 C"}});
    let mut response_picture = response.clone();
    response_picture["parts"] = json!([{"inlineData": {"mimeType": "image/png", "data": IMAGE}}]);
    let mut pictured = result(&picture, &picture_blocks, &response_picture);
    pictured.retain(|(caller, _)| *caller != Ollama);
    vec![
        Ask {
            name: "functions",
            says: functions(&schema),
            sent: offered.clone(),
            otherwise: vec![],
            named: &["tools"],
        },
        Ask {
            name: "functions without arguments",
            says: functions(&json!({"type": "object", "properties": {}})),
            sent: named_only(&offered),
            otherwise: vec![],
            named: &["tools"],
        },
        Ask {
            name: "results of functions",
            says: result(&json!("22 C"), &words, &response),
            sent: result_text,
            otherwise: vec![],
            named: &["messages"],
        },
        Ask {
            name: "an image as the result of a function",
            says: pictured,
            sent: vec![
                (Protocol::Responses, vec!["input/2/output/*/image_url=iVBORw0KGgo"]),
                (Protocol::Anthropic, vec!["messages/2/content/0/content/*/source/data=iVBORw0KGgo"]),
                (Protocol::Gemini, vec!["contents/2/parts/*/functionResponse/parts/*/inlineData/data=iVBORw0KGgo"]),
            ],
            otherwise: vec![
                (Protocol::Openai, vec!["messages/3/role=user", "messages/3/content/*/image_url/url=iVBORw0KGgo"]),
                (Protocol::Gemini, vec!["contents/2/parts/*/inlineData/data=iVBORw0KGgo"]),
                (Protocol::Ollama, vec!["messages/*/images=iVBORw0KGgo"]),
                (Protocol::Cohere, vec!["messages/3/content/*/image_url/url=iVBORw0KGgo"]),
            ],
            named: &["messages"],
        },
        Ask {
            name: "this function must be called",
            says: with(
                functions(&schema),
                &[
                    (Chat, json!({"tool_choice": {"type": "function", "function": {"name": "get_weather"}}})),
                    (Anthropic, json!({"tool_choice": {"type": "tool", "name": "get_weather"}})),
                    (
                        Gemini,
                        json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}}}),
                    ),
                    (Responses, json!({"tool_choice": {"type": "function", "name": "get_weather"}})),
                ],
            ),
            sent: vec![
                (Protocol::Openai, vec!["tool_choice/function/name=get_weather"]),
                (Protocol::Responses, vec!["tool_choice/name=get_weather"]),
                (Protocol::Anthropic, vec!["tool_choice/name=get_weather"]),
                (Protocol::Gemini, vec!["toolConfig/functionCallingConfig/allowedFunctionNames=get_weather"]),
            ],
            otherwise: vec![(Protocol::Cohere, vec!["tool_choice=REQUIRED", "tools/0/function/name=get_weather"])],
            named: &["tool_choice"],
        },
        Ask {
            name: "some function must be called",
            says: with(
                functions(&schema),
                &[
                    (Chat, json!({"tool_choice": "required"})),
                    (Anthropic, json!({"tool_choice": {"type": "any"}})),
                    (Gemini, json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}})),
                    (Responses, json!({"tool_choice": "required"})),
                ],
            ),
            sent: vec![
                (Protocol::Openai, vec!["tool_choice=required"]),
                (Protocol::Responses, vec!["tool_choice=required"]),
                (Protocol::Anthropic, vec!["tool_choice/type=any"]),
                (Protocol::Gemini, vec!["toolConfig/functionCallingConfig/mode=ANY"]),
                (Protocol::Cohere, vec!["tool_choice=REQUIRED"]),
            ],
            otherwise: vec![],
            named: &["tool_choice"],
        },
        Ask {
            name: "one call at a time",
            says: with(
                functions(&schema),
                &[
                    (Chat, json!({"parallel_tool_calls": false})),
                    (Anthropic, json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": true}})),
                    (Responses, json!({"parallel_tool_calls": false})),
                ],
            ),
            sent: vec![
                (Protocol::Openai, vec!["parallel_tool_calls=false"]),
                (Protocol::Responses, vec!["parallel_tool_calls=false"]),
                (Protocol::Anthropic, vec!["tool_choice/disable_parallel_tool_use=true"]),
            ],
            otherwise: vec![],
            named: &["parallel"],
        },
        Ask {
            name: "a web search by the provider",
            says: vec![
                (Chat, json!({"web_search_options": {}})),
                (Anthropic, json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]})),
                (Gemini, json!({"tools": [{"googleSearch": {}}]})),
                (Responses, json!({"tools": [{"type": "web_search"}]})),
            ],
            sent: vec![
                (Protocol::Openai, vec!["web_search_options"]),
                (Protocol::Responses, vec!["tools/*/type=web_search"]),
                (Protocol::Anthropic, vec!["tools/*/type=web_search_2025"]),
                (Protocol::Gemini, vec!["tools/*/googleSearch"]),
            ],
            otherwise: vec![],
            named: &["tools", "web_search"],
        },
    ]
}

/// A picture, a document or a sound behind the words, in each caller's words.
fn shown(
    chat: Option<Value>,
    anthropic: Option<Value>,
    gemini: Option<Value>,
    responses: Option<Value>,
) -> Vec<(Caller, Value)> {
    let text = json!({"type": "text", "text": "Hello there"});
    let mut says = Vec::new();
    says.extend(chat.map(|part| (Chat, said("user", json!([text, part])))));
    says.extend(anthropic.map(|part| (Anthropic, said("user", json!([text, part])))));
    says.extend(
        gemini.map(|part| (Gemini, json!({"contents": [{"role": "user", "parts": [{"text": "Hello there"}, part]}]}))),
    );
    says.extend(responses.map(|part| {
        (
            Responses,
            json!({"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hello there"}, part]}]}),
        )
    }));
    says
}

fn media() -> Vec<Ask> {
    let url = |mime: &str, data: &str| format!("data:{mime};base64,{data}");
    let blob = |kind: &str, mime: &str, data: &str| json!({"type": kind, "source": {"type": "base64", "media_type": mime, "data": data}});
    let inline = |mime: &str, data: &str| json!({"inlineData": {"mimeType": mime, "data": data}});
    let file = |mime: &str, uri: &str| json!({"fileData": {"mimeType": mime, "fileUri": uri}});
    let mut image = shown(
        Some(json!({"type": "image_url", "image_url": {"url": url("image/png", IMAGE)}})),
        Some(blob("image", "image/png", IMAGE)),
        Some(inline("image/png", IMAGE)),
        Some(json!({"type": "input_image", "image_url": url("image/png", IMAGE)})),
    );
    image.push((Ollama, json!({"messages": [{"role": "user", "content": "Hello there", "images": [IMAGE]}]})));
    vec![
        Ask {
            name: "images in place",
            says: image,
            sent: vec![
                (Protocol::Openai, vec!["messages/*/content/*/image_url/url=data:image/png;base64,iVBORw0KGgo"]),
                (Protocol::Responses, vec!["input/*/content/*/image_url=data:image/png;base64,iVBORw0KGgo"]),
                (
                    Protocol::Anthropic,
                    vec![
                        "messages/*/content/*/source/data=iVBORw0KGgo",
                        "messages/*/content/*/source/media_type=image/png",
                    ],
                ),
                (Protocol::Gemini, vec!["contents/*/parts/*/inlineData/data=iVBORw0KGgo"]),
                (Protocol::Ollama, vec!["messages/*/images=iVBORw0KGgo"]),
                (Protocol::Cohere, vec!["messages/*/content/*/image_url/url=iVBORw0KGgo"]),
            ],
            otherwise: vec![],
            named: &["content"],
        },
        Ask {
            name: "images by address",
            says: shown(
                Some(json!({"type": "image_url", "image_url": {"url": IMAGE_URL}})),
                Some(json!({"type": "image", "source": {"type": "url", "url": IMAGE_URL}})),
                Some(file("image/png", IMAGE_URL)),
                Some(json!({"type": "input_image", "image_url": IMAGE_URL})),
            ),
            sent: vec![
                (Protocol::Openai, vec!["messages/*/content/*/image_url/url=https://example.com/cat.png"]),
                (Protocol::Responses, vec!["input/*/content/*/image_url=https://example.com/cat.png"]),
                (Protocol::Anthropic, vec!["messages/*/content/*/source/url=https://example.com/cat.png"]),
                (Protocol::Gemini, vec!["contents/*/parts/*/fileData/fileUri=https://example.com/cat.png"]),
                (Protocol::Cohere, vec!["messages/*/content/*/image_url/url=https://example.com/cat.png"]),
            ],
            otherwise: vec![],
            named: &["content"],
        },
        Ask {
            name: "PDFs in place",
            says: shown(
                Some(json!({"type": "file", "file": {"filename": "a.pdf", "file_data": url("application/pdf", PDF)}})),
                Some(blob("document", "application/pdf", PDF)),
                Some(inline("application/pdf", PDF)),
                Some(json!({"type": "input_file", "filename": "a.pdf", "file_data": url("application/pdf", PDF)})),
            ),
            sent: vec![
                (Protocol::Openai, vec!["messages/*/content/*/file/file_data=data:application/pdf;base64,JVBERi"]),
                (Protocol::Responses, vec!["input/*/content/*/file_data=data:application/pdf;base64,JVBERi"]),
                (Protocol::Anthropic, vec!["messages/*/content/*/source/data=JVBERi"]),
                (Protocol::Gemini, vec!["contents/*/parts/*/inlineData/data=JVBERi"]),
            ],
            otherwise: vec![],
            named: &["content"],
        },
        Ask {
            name: "PDFs by address",
            says: shown(
                None,
                Some(json!({"type": "document", "source": {"type": "url", "url": PDF_URL}})),
                Some(file("application/pdf", PDF_URL)),
                Some(json!({"type": "input_file", "file_url": PDF_URL})),
            ),
            sent: vec![
                (Protocol::Responses, vec!["input/*/content/*/file_url=https://example.com/paper.pdf"]),
                (Protocol::Anthropic, vec!["messages/*/content/*/source/url=https://example.com/paper.pdf"]),
                (Protocol::Gemini, vec!["contents/*/parts/*/fileData/fileUri=https://example.com/paper.pdf"]),
            ],
            otherwise: vec![],
            named: &["content"],
        },
        Ask {
            name: "sounds in place",
            says: shown(
                Some(json!({"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}})),
                None,
                Some(inline("audio/wav", SOUND)),
                Some(json!({"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}})),
            ),
            sent: vec![
                (Protocol::Openai, vec!["messages/*/content/*/input_audio/data=UklGR"]),
                (Protocol::Responses, vec!["input/*/content/*/input_audio/data=UklGR"]),
                (Protocol::Gemini, vec!["contents/*/parts/*/inlineData/data=UklGR"]),
            ],
            otherwise: vec![],
            named: &["content"],
        },
        Ask {
            name: "a spoken answer",
            says: vec![
                (Chat, json!({"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}})),
                (
                    Gemini,
                    config(
                        json!({"responseModalities": ["AUDIO"], "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}}),
                    ),
                ),
            ],
            sent: vec![
                (Protocol::Openai, vec!["modalities=audio", "audio/voice"]),
                (Protocol::Gemini, vec!["generationConfig/responseModalities=AUDIO", "generationConfig/speechConfig"]),
            ],
            otherwise: vec![],
            named: &["modalities", "Modalities", "audio"],
        },
        Ask {
            name: "pictures in the answer",
            says: vec![
                (Chat, json!({"modalities": ["image", "text"]})),
                (Gemini, config(json!({"responseModalities": ["TEXT", "IMAGE"]}))),
                (Responses, json!({"tools": [{"type": "image_generation"}]})),
            ],
            sent: vec![
                (Protocol::Openai, vec!["modalities=image"]),
                (Protocol::Gemini, vec!["generationConfig/responseModalities=IMAGE"]),
                (Protocol::Responses, vec!["tools/*/type=image_generation"]),
            ],
            otherwise: vec![],
            named: &["modalities", "Modalities", "tools"],
        },
    ]
}

fn forms() -> Vec<Ask> {
    let schema = json!({"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"], "additionalProperties": false});
    vec![
        Ask {
            name: "JSON by a schema",
            says: vec![
                (
                    Chat,
                    json!({"response_format": {"type": "json_schema", "json_schema": {"name": "person", "schema": schema, "strict": true}}}),
                ),
                (Anthropic, json!({"output_config": {"format": {"type": "json_schema", "schema": schema}}})),
                (Gemini, config(json!({"responseMimeType": "application/json", "responseJsonSchema": schema}))),
                (
                    Responses,
                    json!({"text": {"format": {"type": "json_schema", "name": "person", "schema": schema, "strict": true}}}),
                ),
                (Ollama, json!({"format": schema})),
            ],
            sent: vec![
                (Protocol::Openai, vec!["response_format/json_schema/schema/properties/age/type=integer"]),
                (Protocol::Responses, vec!["text/format/schema/properties/age/type=integer"]),
                (Protocol::Anthropic, vec!["output_config/format/schema/properties/age/type=integer"]),
                (Protocol::Gemini, vec!["generationConfig/responseJsonSchema|responseSchema/properties/age/type"]),
                (Protocol::Ollama, vec!["format/properties/age/type=integer"]),
                (Protocol::Cohere, vec!["response_format/json_schema/properties/age/type=integer"]),
            ],
            otherwise: vec![],
            named: &["format", "schema"],
        },
        Ask {
            name: "any JSON object",
            says: vec![
                (Chat, json!({"response_format": {"type": "json_object"}})),
                (Gemini, config(json!({"responseMimeType": "application/json"}))),
                (Responses, json!({"text": {"format": {"type": "json_object"}}})),
                (Ollama, json!({"format": "json"})),
            ],
            sent: vec![
                (Protocol::Openai, vec!["response_format/type=json_object"]),
                (Protocol::Responses, vec!["text/format/type=json_object"]),
                (Protocol::Gemini, vec!["generationConfig/responseMimeType=application/json"]),
                (Protocol::Ollama, vec!["format=json"]),
                (Protocol::Cohere, vec!["response_format/type=json_object"]),
            ],
            otherwise: vec![(Protocol::Anthropic, vec!["output_config/format/schema"])],
            named: &["format"],
        },
    ]
}

fn thinking() -> Vec<Ask> {
    vec![
        Ask {
            name: "thinking in steps",
            says: vec![
                (Chat, json!({"reasoning_effort": "high"})),
                (Anthropic, json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}})),
                (Gemini, config(json!({"thinkingConfig": {"thinkingLevel": "HIGH"}}))),
                (Responses, json!({"reasoning": {"effort": "high"}})),
                (Ollama, json!({"think": "high"})),
            ],
            sent: vec![
                (Protocol::Openai, vec!["reasoning_effort=high"]),
                (Protocol::Responses, vec!["reasoning/effort=high"]),
                (Protocol::Anthropic, vec!["output_config/effort=high"]),
                (Protocol::Gemini, vec!["generationConfig/thinkingConfig/thinkingLevel=high"]),
                (Protocol::Ollama, vec!["think=high"]),
            ],
            otherwise: vec![
                (Protocol::Anthropic, vec!["thinking/budget_tokens"]),
                (Protocol::Cohere, vec!["thinking/type=enabled"]),
            ],
            named: &["reasoning", "thinking", "effort", "think"],
        },
        Ask {
            name: "thinking by a budget",
            says: vec![
                (Chat, json!({"thinking": {"type": "enabled", "budget_tokens": 2048}})),
                (Anthropic, json!({"max_tokens": 5000, "thinking": {"type": "enabled", "budget_tokens": 2048}})),
                (Gemini, config(json!({"thinkingConfig": {"thinkingBudget": 2048}}))),
            ],
            sent: vec![
                (Protocol::Anthropic, vec!["thinking/budget_tokens=2048"]),
                (Protocol::Cohere, vec!["thinking/token_budget=2048"]),
            ],
            otherwise: vec![
                (Protocol::Openai, vec!["reasoning_effort=medium"]),
                (Protocol::Responses, vec!["reasoning/effort=medium"]),
                (Protocol::Gemini, vec!["generationConfig/thinkingConfig/thinkingBudget|thinkingLevel"]),
                (Protocol::Ollama, vec!["think=medium"]),
            ],
            named: &["reasoning", "thinking"],
        },
    ]
}

/// A number that all callers have under these names.
fn number(
    name: &'static str,
    says: Vec<(Caller, Value)>,
    sent: &[(Protocol, &'static str)],
    named: &'static [&'static str],
) -> Ask {
    let sent = sent.iter().map(|(protocol, find)| (*protocol, vec![*find])).collect();
    Ask { name, says, sent, otherwise: vec![], named }
}

fn drawing() -> Vec<Ask> {
    use Protocol as P;
    vec![
        number(
            "a limit on the answer",
            vec![
                (Chat, json!({"max_tokens": 77})),
                (Completions, json!({"max_tokens": 77})),
                (Anthropic, json!({"max_tokens": 77})),
                (Gemini, config(json!({"maxOutputTokens": 77}))),
                (Responses, json!({"max_output_tokens": 77})),
                (Ollama, options(json!({"num_predict": 77}))),
            ],
            &[
                (P::Openai, "max_tokens|max_completion_tokens=77"),
                (P::Responses, "max_output_tokens=77"),
                (P::Anthropic, "max_tokens=77"),
                (P::Gemini, "generationConfig/maxOutputTokens=77"),
                (P::Ollama, "options/num_predict=77"),
                (P::Cohere, "max_tokens=77"),
            ],
            &["max_tokens"],
        ),
        number(
            "stop sequences",
            vec![
                (Chat, json!({"stop": ["END"]})),
                (Completions, json!({"stop": "END"})),
                (Anthropic, json!({"stop_sequences": ["END"]})),
                (Gemini, config(json!({"stopSequences": ["END"]}))),
                (Ollama, options(json!({"stop": ["END"]}))),
            ],
            &[
                (P::Openai, "stop=END"),
                (P::Anthropic, "stop_sequences=END"),
                (P::Gemini, "generationConfig/stopSequences=END"),
                (P::Ollama, "options/stop=END"),
                (P::Cohere, "stop_sequences=END"),
            ],
            &["stop"],
        ),
        number(
            "temperature",
            vec![
                (Chat, json!({"temperature": 0.25})),
                (Completions, json!({"temperature": 0.25})),
                (Anthropic, json!({"temperature": 0.25})),
                (Gemini, config(json!({"temperature": 0.25}))),
                (Responses, json!({"temperature": 0.25})),
                (Ollama, options(json!({"temperature": 0.25}))),
            ],
            &[
                (P::Openai, "temperature=0.25"),
                (P::Responses, "temperature=0.25"),
                (P::Anthropic, "temperature=0.25"),
                (P::Gemini, "generationConfig/temperature=0.25"),
                (P::Ollama, "options/temperature=0.25"),
                (P::Cohere, "temperature=0.25"),
            ],
            &["temperature"],
        ),
        number(
            "top_p",
            vec![
                (Chat, json!({"top_p": 0.75})),
                (Completions, json!({"top_p": 0.75})),
                (Anthropic, json!({"top_p": 0.75})),
                (Gemini, config(json!({"topP": 0.75}))),
                (Responses, json!({"top_p": 0.75})),
                (Ollama, options(json!({"top_p": 0.75}))),
            ],
            &[
                (P::Openai, "top_p=0.75"),
                (P::Responses, "top_p=0.75"),
                (P::Anthropic, "top_p=0.75"),
                (P::Gemini, "generationConfig/topP=0.75"),
                (P::Ollama, "options/top_p=0.75"),
                (P::Cohere, "p=0.75"),
            ],
            &["top_p"],
        ),
        number(
            "top_k",
            vec![
                (Anthropic, json!({"top_k": 12})),
                (Gemini, config(json!({"topK": 12}))),
                (Ollama, options(json!({"top_k": 12}))),
            ],
            &[
                (P::Openai, "top_k=12"),
                (P::Anthropic, "top_k=12"),
                (P::Gemini, "generationConfig/topK=12"),
                (P::Ollama, "options/top_k=12"),
                (P::Cohere, "k=12"),
            ],
            &["top_k"],
        ),
        number(
            "penalties",
            vec![
                (Chat, json!({"frequency_penalty": 0.5, "presence_penalty": 0.5})),
                (Completions, json!({"frequency_penalty": 0.5, "presence_penalty": 0.5})),
                (Gemini, config(json!({"frequencyPenalty": 0.5, "presencePenalty": 0.5}))),
                (Ollama, options(json!({"frequency_penalty": 0.5, "presence_penalty": 0.5}))),
            ],
            &[
                (P::Openai, "frequency_penalty|presence_penalty=0.50.5"),
                (P::Gemini, "generationConfig/frequencyPenalty|presencePenalty=0.50.5"),
                (P::Ollama, "options/frequency_penalty|presence_penalty=0.50.5"),
                (P::Cohere, "frequency_penalty|presence_penalty=0.50.5"),
            ],
            &["penalty"],
        ),
        number(
            "seed",
            vec![
                (Chat, json!({"seed": 42})),
                (Completions, json!({"seed": 42})),
                (Gemini, config(json!({"seed": 42}))),
                (Ollama, options(json!({"seed": 42}))),
            ],
            &[
                (P::Openai, "seed=42"),
                (P::Gemini, "generationConfig/seed=42"),
                (P::Ollama, "options/seed=42"),
                (P::Cohere, "seed=42"),
            ],
            &["seed"],
        ),
        number(
            "likelihoods asked for",
            vec![
                (Chat, json!({"logprobs": true, "top_logprobs": 2})),
                (Completions, json!({"logprobs": 2})),
                (Gemini, config(json!({"responseLogprobs": true, "logprobs": 2}))),
                (Responses, json!({"include": ["message.output_text.logprobs"], "top_logprobs": 2})),
                (Ollama, json!({"logprobs": true, "top_logprobs": 2})),
            ],
            &[
                (P::Openai, "logprobs=true"),
                (P::Responses, "top_logprobs=2"),
                (P::Gemini, "generationConfig/responseLogprobs=true"),
                (P::Ollama, "logprobs=true"),
                (P::Cohere, "logprobs=true"),
            ],
            &["logprobs"],
        ),
        number(
            "several answers",
            vec![
                (Chat, json!({"n": 2})),
                (Completions, json!({"n": 2})),
                (Gemini, config(json!({"candidateCount": 2}))),
            ],
            &[(P::Openai, "n=2"), (P::Gemini, "generationConfig/candidateCount=2")],
            &["n"],
        ),
        number(
            "biased tokens",
            vec![(Chat, json!({"logit_bias": {"50256": -100}})), (Completions, json!({"logit_bias": {"50256": -100}}))],
            &[(P::Openai, "logit_bias/50256=-100")],
            &["logit_bias"],
        ),
    ]
}

fn notes() -> Vec<Ask> {
    use Protocol as P;
    let marked = json!([{"type": "text", "text": "Hello there", "cache_control": {"type": "ephemeral"}}]);
    let document = json!([{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "The sky is blue."}, "citations": {"enabled": true}}]);
    vec![
        number(
            "cache marks",
            vec![(Chat, said("user", marked.clone())), (Anthropic, said("user", marked))],
            &[(P::Anthropic, "messages/*/content/*/cache_control/type=ephemeral")],
            &["cache_control"],
        ),
        number(
            "citations asked of documents",
            vec![(Anthropic, said("user", document))],
            &[(P::Anthropic, "messages/*/content/*/citations/enabled=true")],
            &["content"],
        ),
        number(
            "service tier",
            vec![
                (Chat, json!({"service_tier": "flex"})),
                (Completions, json!({"service_tier": "flex"})),
                (Gemini, json!({"serviceTier": "flex"})),
                (Responses, json!({"service_tier": "flex"})),
            ],
            &[(P::Openai, "service_tier=flex"), (P::Responses, "service_tier=flex"), (P::Gemini, "serviceTier=flex")],
            &["service_tier", "serviceTier"],
        ),
        Ask {
            name: "no dearer tier",
            says: vec![(Anthropic, json!({"service_tier": "standard_only"}))],
            sent: vec![(P::Openai, vec!["service_tier=default"]), (P::Responses, vec!["service_tier=default"])],
            // What is not asked for is not given.
            otherwise: vec![(P::Gemini, vec!["contents"])],
            named: &["service_tier"],
        },
        number(
            "metadata",
            vec![
                (Chat, json!({"metadata": {"ticket": "T-1"}})),
                (Gemini, json!({"labels": {"ticket": "T-1"}})),
                (Responses, json!({"metadata": {"ticket": "T-1"}})),
            ],
            &[
                (P::Openai, "metadata/ticket=T-1"),
                (P::Responses, "metadata/ticket=T-1"),
                (P::Gemini, "labels/ticket=T-1"),
            ],
            &["metadata", "labels"],
        ),
        number(
            "the person at the other end",
            vec![
                (Chat, json!({"user": "u-17"})),
                (Completions, json!({"user": "u-17"})),
                (Anthropic, json!({"metadata": {"user_id": "u-17"}})),
                (Responses, json!({"user": "u-17"})),
            ],
            &[(P::Openai, "user=u-17"), (P::Responses, "user=u-17"), (P::Anthropic, "metadata/user_id=u-17")],
            &["user"],
        ),
    ]
}
