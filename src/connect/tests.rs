use super::*;
use std::collections::HashSet;

fn connection(key: &str) -> Connection {
    Connection {
        base_url: "http://127.0.0.1:8642/v1".to_owned(),
        anthropic_base_url: "http://127.0.0.1:8642".to_owned(),
        cursor_base_url: "http://127.0.0.1:8642/cursor".to_owned(),
        api_key: Secret::new(key),
        model: "sandbox/echo".to_owned(),
    }
}

#[test]
fn names_are_unique_and_found() {
    let names: HashSet<&str> = clients().iter().map(|client| client.name()).collect();
    assert_eq!(names.len(), clients().len());
    assert!(names.iter().all(|name| find(name).is_some_and(|client| client.name() == *name)));
    assert!(find("telnet").is_none());
}

#[test]
fn snippets_hold_what_is_needed() {
    for client in clients() {
        let snippet = client.snippet(&connection("sk-key"));
        let model = if client.name() == "env" { "" } else { "sandbox/echo" };
        for value in [client.base_url(&connection("sk-key")), "sk-key", model] {
            assert!(snippet.contains(value), "{}: {value}\n{snippet}", client.name());
        }
        assert!(snippet.ends_with('\n') && !snippet.ends_with("\n\n"), "{}", client.name());
        assert!(["python", "javascript", "bash", "toml", "text"].contains(&client.language()));
    }
}

#[test]
fn keys_cannot_leave_their_literal() {
    for client in clients() {
        let snippet = client.snippet(&connection(r#"a'b"c\d$e"#));
        let quoted = match client.language() {
            "bash" => r#"a'\''b"c\d$e'"#,
            "text" => r#"a'b"c\d$e"#,
            _ => r#""a'b\"c\\d$e""#,
        };
        assert!(snippet.contains(quoted), "{}\n{snippet}", client.name());
    }
}

#[test]
fn env_exports_every_protocol() {
    let expected = "export OPENAI_BASE_URL='http://127.0.0.1:8642/v1'\n\
                    export OPENAI_API_KEY='sk-key'\n\
                    export ANTHROPIC_BASE_URL='http://127.0.0.1:8642'\n\
                    export ANTHROPIC_API_KEY='sk-key'\n\
                    export GOOGLE_GEMINI_BASE_URL='http://127.0.0.1:8642'\n\
                    export GEMINI_API_KEY='sk-key'\n";
    assert_eq!(find("env").map(|client| client.snippet(&connection("sk-key"))).as_deref(), Some(expected));
}

#[test]
fn a_guide_names_the_three_values_before_the_snippet() {
    for client in clients() {
        let guide = guide(*client, &connection("sk-key"));
        let mark = if client.language() == "javascript" { "// " } else { "# " };
        let connected = connection("sk-key");
        let base_url = client.base_url(&connected);
        let expected =
            format!("{mark}Base URL:   {base_url}\n{mark}API key:    sk-key\n{mark}Model name: sandbox/echo\n\n");
        assert!(guide.starts_with(&expected), "{guide}");
        assert!(guide.contains(&client.snippet(&connection("sk-key"))));
    }
}

#[test]
fn a_guide_is_comments_and_the_snippet() {
    let odd = Connection { model: "m\nrm -rf x".to_owned(), ..connection("sk-key") };
    for client in clients() {
        let rest = guide(*client, &odd).replace(&client.snippet(&odd), "");
        let mark = if client.language() == "javascript" { "// " } else { "# " };
        assert!(rest.lines().all(|line| line.is_empty() || line.starts_with(mark)), "{rest}");
    }
}
