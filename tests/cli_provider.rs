//! `provider`: registered, shown, changed, asked, removed.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use shell::Shell;

const ADD: &str = "provider add custom --name local --base-url http://127.0.0.1:9/v1 --model m1 --header X-Team=a";

#[test]
fn a_provider_is_added_and_shown() {
    let shell = Shell::new();
    shell.expect("providers", 0, "", "no providers yet; add one with `optscale-ai provider add KIND`\n");
    shell.expect(ADD, 0, "", "added provider `local`: http://127.0.0.1:9/v1\n");
    shell.shows(
        "providers",
        "NAME   KIND    BASE URL               STATUS  API KEY  MODELS
local  custom  http://127.0.0.1:9/v1  active  no       m1
",
    );
    shell.shows(
        "provider show local",
        "name:       local
kind:       custom
protocol:   openai
base url:   http://127.0.0.1:9/v1
status:     active
api key:    no
headers:    x-team
models:     m1
settings:   -
allow http: no
created:    DAY CLOCK
",
    );
    shell.shows(
        "provider list -o json",
        r#"[
  {
    "id": 1,
    "name": "local",
    "kind": "custom",
    "protocol": "openai",
    "base_url": "http://127.0.0.1:9/v1",
    "status": "active",
    "has_api_key": false,
    "headers": [
      "x-team"
    ],
    "models": [
      "m1"
    ],
    "settings": {},
    "allow_http": false,
    "created": "TIME"
  }
]
"#,
    );
    shell.shows("provider list -o csv", "\
             id,name,kind,protocol,base_url,status,has_api_key,headers,models,settings,allow_http,created\r\n\
             1,local,custom,openai,http://127.0.0.1:9/v1,active,false,\"[\"\"x-team\"\"]\",\"[\"\"m1\"\"]\",{},false,TIME\r\n");
    shell.fails(
        "provider show lokal",
        3,
        "error: there is no provider `lokal`
hint: did you mean `local`?
",
    );
    shell.fails(
        ADD,
        1,
        "error: the provider `local` is there already
hint: choose another name, or see it with `optscale-ai provider show local`
",
    );
}

#[test]
fn a_provider_is_changed_and_removed() {
    let shell = Shell::new();
    shell.ok(ADD);
    shell.expect(
        "provider edit local --base-url http://127.0.0.1:10/v1 --any-model",
        0,
        "",
        "changed provider `local`: http://127.0.0.1:10/v1\n",
    );
    shell.fails(
        "provider edit local",
        2,
        "error: nothing to change was named
hint: name what is to change, for example --base-url URL; see `optscale-ai provider edit --help`
",
    );
    shell.expect(
        "provider disable local",
        0,
        "",
        "provider `local` is inactive: calls to it are refused until `optscale-ai provider enable local`
",
    );
    shell.expect("provider enable local", 0, "", "provider `local` is active\n");
    shell.ok("route add fast --target local/m1");
    shell.fails(
        "provider remove local --yes",
        4,
        "error: the route `fast` leads to local/m1; remove it first with `optscale-ai route remove fast`
",
    );
    shell.expect("route remove fast --yes", 0, "", "removed route `fast`\n");
    shell.fails(
        "provider remove local",
        2,
        "error: this would remove the provider `local` and wipe its key, and nobody is there to confirm it
hint: add --yes to go ahead without a question
",
    );
    shell.expect("provider remove local --yes", 0, "", "removed provider `local`\n");
}

#[test]
fn a_key_comes_from_everywhere_but_the_command_line() {
    let shell = Shell::new().set("MY_KEY", "sk-provider-1234567890").set("ANTHROPIC_API_KEY", "sk-ant-1234567890");
    shell.expect(
        "provider add openai --api-key-env MY_KEY",
        0,
        "",
        "added provider `openai`: https://api.openai.com/v1\n",
    );
    shell.expect(
        "provider add anthropic",
        0,
        "",
        "the key comes from ANTHROPIC_API_KEY
added provider `anthropic`: https://api.anthropic.com
",
    );
    let piped = shell.run_with("provider add openai --name two --api-key-stdin", "sk-provider-2\n");
    assert_eq!((piped.code, piped.out.as_str()), (0, ""));
    shell::write(&shell.path("key"), "sk-provider-3\n");
    shell.ok("provider add openai --name three --api-key-file key");
    shell.shows(
        "providers",
        "NAME       KIND       BASE URL                   STATUS  API KEY  MODELS
anthropic  anthropic  https://api.anthropic.com  active  yes      -
openai     openai     https://api.openai.com/v1  active  yes      -
three      openai     https://api.openai.com/v1  active  yes      -
two        openai     https://api.openai.com/v1  active  yes      -
",
    );
    shell.fails(
        "provider add openai --name four",
        2,
        "error: OpenAI needs a key, and none was given
hint: make one at https://platform.openai.com/api-keys
hint: then `optscale-ai provider add openai --api-key-env OPENAI_API_KEY`, or --api-key-stdin, or --api-key-file FILE
",
    );
    shell.fails(
        "provider add openai --name four --api-key-env NOPE",
        2,
        "error: the environment variable NOPE is not set or empty
hint: set it with `export NOPE=...`, or pipe the key in with --api-key-stdin
",
    );
    shell.fails(
        "provider add openai --name four --api-key-env sk-provider-1234567890",
        2,
        "error: --api-key-env takes the name of an environment variable, not the key itself
hint: put the key into a variable: `export MY_KEY=...`, then --api-key-env MY_KEY
",
    );
    shell.fails(
        "provider add openai --name four --api-key-stdin",
        2,
        "error: standard input holds no key
hint: pipe it in: `printenv MY_KEY | optscale-ai ...`
",
    );
    shell.fails(
        "provider add openai --name four --api-key-file none",
        1,
        "error: cannot read none: No such file or directory (os error 2)\n",
    );
    for line in ["provider list -o json", "provider show two -o json", "provider list -v"] {
        let run = shell.run(line);
        assert!(!run.out.contains("sk-") && !run.err.contains("sk-"), "{run:?}");
    }
}

#[test]
fn bad_descriptions_are_wrong_usage() {
    let shell = Shell::new();
    shell.fails(
        "provider add",
        2,
        "error: KIND is missing: which provider is to be added?
hint: list them with `optscale-ai provider kinds`, then `optscale-ai provider add KIND`
",
    );
    shell.fails(
        "provider add opnai",
        3,
        "error: there is no provider kind `opnai`
hint: did you mean `openai`?
",
    );
    shell.fails(
        "provider add custom",
        2,
        "error: base-url: `custom` has no URL of its own; say where it is: --base-url https://HOST/v1
",
    );
    shell.fails(
        "provider add custom --base-url example.com",
        2,
        "error: base-url: `example.com` does not begin with https:// or http://; write https://example.com
",
    );
    shell.fails("provider add custom --base-url http://example.com/v1", 2, "error: base-url: http://example.com would send the key and all prompts unencrypted; write https://example.com, or add --allow-http
");
    shell.fails(
        "provider add custom --base-url http://127.0.0.1/v1 --name a/b",
        2,
        "error: name: `a/b` is no name; use 1 to 64 letters, digits, `.`, `_` or `-`, not beginning with `-`
",
    );
    shell.fails(
        "provider add custom --base-url http://127.0.0.1/v1 --header X",
        2,
        "error: invalid value 'X' for '--header <K=V>': `X` is no pair; write NAME=VALUE

For more information, try '--help'.
",
    );
}

#[test]
fn a_provider_is_asked() {
    let shell = Shell::with_sandbox();
    let run = shell.run("provider test sandbox -o csv");
    assert_eq!(run.code, 0);
    let checks: Vec<&str> = run.out.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(checks, ["ok", "ok", "ok"]);
    shell.shows(
        "provider models sandbox -o csv",
        "\
             model,context_window,max_output_tokens,price_known\r\n\
             sandbox/cut,,,false\r\n\
             sandbox/echo,128000,4096,true\r\n\
             sandbox/error-429,,,false\r\n\
             sandbox/error-500,,,false\r\n\
             sandbox/error-503,,,false\r\n\
             sandbox/fixed,128000,4096,false\r\n\
             sandbox/slow,128000,4096,false\r\n\
             sandbox/tools,128000,4096,false\r\n",
    );
    shell.ok(ADD);
    let run = shell.run("provider models local");
    assert_eq!((run.code, run.out.as_str()), (5, ""));
    assert!(run.err.contains("127.0.0.1:9") && run.err.contains("optscale-ai provider show local"), "{}", run.err);
    let refused = shell.run("provider test sandbox --model error-429");
    assert_eq!(refused.code, 5, "{refused:?}");
}

#[test]
fn kinds_are_listed() {
    let shell = Shell::empty();
    let run = shell.run("provider kinds -o csv");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.lines().any(|line| line.starts_with("openai,OpenAI,openai,https://api.openai.com/v1,")));
}

#[test]
fn settings_are_given_shown_changed_and_checked() {
    let shell = Shell::new().set("AZ_KEY", "0123456789abcdef");
    let add = "provider add azure --api-key-env AZ_KEY";
    shell.expect(
        &format!("{add} --set resource=acme --set deployment.gpt-4.1=prod-41"),
        0,
        "",
        "added provider `azure`: https://acme.openai.azure.com\n",
    );
    let shown = |shell: &Shell| shell.run("provider show azure -o json").out;
    assert!(
        shown(&shell)
            .contains("\"settings\": {\n    \"deployment.gpt-4.1\": \"prod-41\",\n    \"resource\": \"acme\"\n  }"),
        "{}",
        shown(&shell)
    );
    shell.expect(
        "provider edit azure --set resource=other --set deployment.gpt-4.1=",
        0,
        "",
        "changed provider `azure`: https://other.openai.azure.com\n",
    );
    assert!(shown(&shell).contains("\"settings\": {\n    \"resource\": \"other\"\n  }"), "{}", shown(&shell));
    for (line, said) in [
        (
            format!("{add} --name two"),
            "`azure` needs the setting `resource` (the name of the Azure resource, the first part of its address); add --set resource=VALUE",
        ),
        (format!("{add} --name two --set resource=a --set resource=b"), "`resource` is given twice"),
        (
            format!("{add} --name two --set regoin=a"),
            "`azure` has no setting `regoin`; it has `resource`, `api_version`, `deployment.MODEL`, `tenant`, `client_id`, `authority`, `scope`",
        ),
        (
            "provider edit azure --set resource=".to_owned(),
            "`azure` needs the setting `resource` (the name of the Azure resource, the first part of its address); add --set resource=VALUE",
        ),
        (
            "provider edit azure --set tenant=t".to_owned(),
            "`azure` needs the setting `client_id` (the application's client id in that tenant); add --set client_id=VALUE",
        ),
        (
            "provider edit azure --set authority=http://login.example".to_owned(),
            "the setting `authority` cannot be `http://login.example`: http://login.example would send the key and all prompts unencrypted; write https://login.example, or add --allow-http",
        ),
        ("provider add sandbox --set a=b".to_owned(), "`sandbox` has no setting `a`; it has none, so leave --set out"),
    ] {
        shell.fails(&line, 2, &format!("error: set: {said}\n"));
    }
    shell.expect("provider kinds openai", 0, "", "`openai` has no settings\n");
    let kinds = shell.run("provider kinds azure");
    assert!(kinds.out.lines().any(|line| line.starts_with("resource ") && line.contains("yes")), "{}", kinds.out);
}

#[test]
fn settings_come_from_the_environment_too() {
    let shell = Shell::new().set("AZURE_OPENAI_API_KEY", "0123456789abcdef").set("AZURE_RESOURCE_NAME", "acme");
    shell.expect(
        "provider add azure",
        0,
        "",
        "the key comes from AZURE_OPENAI_API_KEY
resource comes from AZURE_RESOURCE_NAME
added provider `azure`: https://acme.openai.azure.com
",
    );
    shell.expect(
        "provider add azure --name two --set resource=other",
        0,
        "",
        "the key comes from AZURE_OPENAI_API_KEY
added provider `two`: https://other.openai.azure.com
",
    );
}

#[test]
fn a_google_account_names_its_project() {
    let shell =
        Shell::new().set("KEY", r#"{"type":"authorized_user","project_id":"acme-1"}"#).set("API_KEY", "AIzaSyKey");
    shell.expect(
        "provider add vertex --api-key-env KEY --set location=europe-west4",
        0,
        "",
        "added provider `vertex`: https://europe-west4-aiplatform.googleapis.com\n",
    );
    assert!(shell.run("provider show vertex").out.contains("location=europe-west4 project=acme-1"));
    shell.expect(
        "provider add vertex --name key --api-key-env API_KEY",
        0,
        "",
        "added provider `key`: https://aiplatform.googleapis.com\n",
    );
    let missing = "error: set: `vertex` needs the setting `project` (the id of the project; a service account's file says its own, an API key of express mode needs none); add --set project=VALUE\n";
    shell.fails("provider add vertex --name machine", 2, missing);
    shell.expect(
        "provider add vertex --name machine --set project=p --set location=eu",
        0,
        "",
        "added provider `machine`: https://aiplatform.eu.rep.googleapis.com\n",
    );
    shell::write(&shell.path("bad.json"), "{\"type\":\"external_account\"}");
    shell.fails(
        "provider add vertex --name bad --set project=p --api-key-file bad.json",
        2,
        "error: api-key: credentials of the type `external_account` cannot be used; give the key file of a service account\n",
    );
    shell::write(&shell.path("good.json"), "{\"type\":\"authorized_user\",\"project_id\":\"acme-2\"}");
    let file = shell.path("good.json").to_string_lossy().into_owned();
    let shell = shell.set("GOOGLE_APPLICATION_CREDENTIALS", &file);
    shell.expect(
        "provider add vertex --name file",
        0,
        "",
        "the key comes from the file that GOOGLE_APPLICATION_CREDENTIALS names
added provider `file`: https://aiplatform.googleapis.com
",
    );
}

#[test]
fn bedrock_is_where_its_region_is() {
    let shell = Shell::new().set("KEYS", "AKIAEXAMPLE:secret").set("BAD", "AKIAEXAMPLE");
    shell.fails(
        "provider add bedrock --api-key-env KEYS",
        2,
        "error: set: `bedrock` needs the setting `region` (the AWS region, such as us-east-1); add --set region=VALUE\n",
    );
    shell.fails(
        "provider add bedrock --set region=eu-west-1 --api-key-env BAD",
        2,
        "error: api-key: an access key is given with its secret: ID:SECRET, or ID:SECRET:SESSION_TOKEN\n",
    );
    shell.expect(
        "provider add bedrock --set region=eu-west-1 --api-key-env KEYS",
        0,
        "",
        "added provider `bedrock`: https://bedrock-runtime.eu-west-1.amazonaws.com\n",
    );
    let shell = shell.set("AWS_REGION", "cn-north-1");
    shell.expect(
        "provider add bedrock --name china --set domain=amazonaws.com.cn",
        0,
        "",
        "region comes from AWS_REGION
added provider `china`: https://bedrock-runtime.cn-north-1.amazonaws.com.cn
",
    );
}
