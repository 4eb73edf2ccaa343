//! LangChain for Python, through its OpenAI package (<https://docs.langchain.com/oss/python/integrations/chat/openai>).

use super::quote::string;
use super::{Client, Connection, QUESTION};

/// `langchain`.
pub(super) struct Langchain;

impl Client for Langchain {
    fn name(&self) -> &'static str {
        "langchain"
    }

    fn title(&self) -> &'static str {
        "LangChain for Python"
    }

    fn language(&self) -> &'static str {
        "python"
    }

    fn run(&self) -> Option<&'static str> {
        Some("save it as hello.py, then pip install langchain-openai && python hello.py")
    }

    fn snippet(&self, connection: &Connection) -> String {
        format!(
            r#"from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    base_url={base_url},
    api_key={api_key},
    model={model},
)
print(model.invoke({question}).content)
"#,
            base_url = string(self.base_url(connection)),
            api_key = string(connection.api_key.reveal()),
            model = string(&connection.model),
            question = string(QUESTION),
        )
    }
}
