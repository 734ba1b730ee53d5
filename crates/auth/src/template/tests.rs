//! AUTH-MAIL-06

use serde_json::{Value, json};

use super::Template;

fn data() -> Value {
    json!({
        "SiteURL": "https://example.com", "Email": "ada@example.com", "Token": "123456",
        "ConfirmationURL": "https://api.example.com/auth/v1/verify?token=ab&type=signup&redirect_to=https://example.com/x",
        "TokenHash": "pkce_ab", "RedirectTo": "https://example.com/a b?c=d&e=f", "Empty": "",
        "Data": {"name": "Ada <b>", "age": 36, "tags": ["a", "b"], "deep": {"er": "x"}, "evil": "javascript:alert(1)",
                 "quote": "\" onmouseover=\"x", "no": false, "half": 1.5},
    })
}

#[track_caller]
fn html(template: &str, expected: &str) {
    assert_eq!(
        Template::parse(template).unwrap().html(&data()).unwrap(),
        expected,
        "{template}"
    );
}

#[track_caller]
fn text(template: &str, expected: &str) {
    assert_eq!(
        Template::parse(template).unwrap().text(&data()).unwrap(),
        expected,
        "{template}"
    );
}

#[test]
fn fields_are_found_however_deep_and_missing_ones_are_empty() {
    text("Hi {{ .Data.name }}, {{.Data.deep.er}}!", "Hi Ada <b>, x!");
    text("[{{ .Nothing }}][{{ .Data.none.deeper }}]", "[][]");
    text(
        "{{ .Data.age }} {{ .Data.half }} {{ .Data.no }} {{ .Data.tags }}",
        "36 1.5 false [a b]",
    );
    text(
        "{{ $.Email }}{{ with .Data }}{{ $.Token }}{{ .age }}{{ end }}",
        "ada@example.com12345636",
    );
    text("no action } {", "no action } {");
}

#[test]
fn conditions_choose() {
    text("{{if .Data.name}}a{{else}}b{{end}}", "a");
    text(
        "{{if .Empty}}a{{else if .Data.no}}b{{else if .Token}}c{{else}}d{{end}}",
        "c",
    );
    text(
        "{{ if eq .Data.age 36 }}y{{ end }}{{ if ne .Token \"1\" }}z{{ end }}",
        "yz",
    );
    text(
        "{{ if and .Token .Empty }}a{{ else }}b{{ end }}{{ if or .Empty .Token }}c{{ end }}",
        "bc",
    );
    text(
        "{{ if not .Empty }}a{{ end }}{{ if (and .Token (eq .Data.deep.er `x`)) }}b{{ end }}",
        "ab",
    );
    text("{{ if eq .Data.deep.er \"a\" \"x\" }}a{{ end }}", "a");
    text(
        "{{ if gt .Data.age 18 }}a{{ end }}{{ if le .Data.half 1 }}b{{ end }}{{ if lt \"a\" \"b\" }}c{{ end }}",
        "ac",
    );
    text(
        "{{ or .Empty .Token }} {{ and .Token .Email }}",
        "123456 ada@example.com",
    );
    text("{{ if eq .Data.none \"\" }}a{{ end }}", "a");
}

#[test]
fn blocks_repeat_and_rebind() {
    text("{{ range .Data.tags }}<{{ . }}>{{ end }}", "<a><b>");
    text(
        "{{ range $i, $t := .Data.tags }}{{ $i }}{{ $t }}{{ end }}",
        "0a1b",
    );
    text("{{ range $t := .Data.tags }}{{ $t }}{{ end }}", "ab");
    text(
        "{{ range $k, $v := .Data.deep }}{{ $k }}={{ $v }}{{ end }}",
        "er=x",
    );
    text("{{ range .Nothing }}a{{ else }}none{{ end }}", "none");
    text(
        "{{ with .Data.deep }}{{ .er }}{{ end }}{{ with .Empty }}a{{ else }}b{{ end }}",
        "xb",
    );
    text(
        "{{ $x := .Token }}{{ if true }}{{ $x = \"new\" }}{{ end }}{{ $x }}",
        "new",
    );
    text("{{ with $d := .Data.deep }}{{ $d.er }}{{ end }}", "x");
    text(
        "{{ range .Data.tags }}{{ range $.Data.tags }}{{ . }}{{ end }};{{ end }}",
        "ab;ab;",
    );
}

#[test]
fn functions_and_pipelines_compute() {
    text(
        "{{ printf \"%s is %d (%05.1f) %q %v%%\" .Email .Data.age .Data.half \"x\" true }}",
        "ada@example.com is 36 (001.5) \"x\" true%",
    );
    text(
        "{{ .Token | printf \"%8s|%-8s|\" \"a\" }}",
        "       a|123456  |",
    );
    text(
        "{{ len .Token }}{{ len .Data.tags }}{{ len .Data.deep }}",
        "621",
    );
    text(
        "{{ index .Data \"name\" }} {{ index .Data.tags 1 }} {{ index .Data \"deep\" \"er\" }}",
        "Ada <b> b x",
    );
    text("{{ slice .Token 0 3 }}-{{ slice .Token 3 }}", "123-456");
    text(
        "{{ print .Token .Data.age }}{{ urlquery .RedirectTo }}",
        "12345636https%3A%2F%2Fexample.com%2Fa+b%3Fc%3Dd%26e%3Df",
    );
    text("{{ html .Data.name }}", "Ada &lt;b&gt;");
    text(
        "{{ (index .Data \"deep\").er }}{{ \"a\\tb\" }}{{ 1 }}",
        "xa\tb1",
    );
}

#[test]
fn comments_and_trims_leave_no_trace() {
    text("a {{/* hidden }} */}} b", "a  b");
    text("a {{- /* hidden */ -}} b", "ab");
    text("a\n  {{- .Token -}}  \n b", "a123456b");
    text("a {{ .Token -}} \n{{- .Token }} b", "a 123456123456 b");
    text("{{ -1 }}{{ if true -}} x {{- end }}", "-1x");
}

#[test]
fn values_are_escaped_for_their_place() {
    html("<p>{{ .Data.name }}</p>", "<p>Ada &lt;b&gt;</p>");
    html(
        "<p title=\"{{ .Data.quote }}\">",
        "<p title=\"&#34; onmouseover=&#34;x\">",
    );
    html(
        "<p title={{ .Data.quote }}>",
        "<p title=&#34;&#32;onmouseover&#61;&#34;x>",
    );
    let link = "https://api.example.com/auth/v1/verify?token=ab&amp;type=signup&amp;redirect_to=https://example.com/x";
    html(
        "<a href=\"{{ .ConfirmationURL }}\">x</a>",
        &format!("<a href=\"{link}\">x</a>"),
    );
    html(
        "<a href='{{ .ConfirmationURL }}'>",
        &format!("<a href='{link}'>"),
    );
    html(
        "<a class=b href = \"{{ .ConfirmationURL }}\" id='{{ .Data.name }}'>",
        &format!("<a class=b href = \"{link}\" id='Ada &lt;b&gt;'>"),
    );
    html(
        "<a href=\"{{ .SiteURL }}/confirm?token_hash={{ .TokenHash }}&next={{ .RedirectTo }}\">",
        "<a href=\"https://example.com/confirm?token_hash=pkce_ab&next=https%3A%2F%2Fexample.com%2Fa%20b%3Fc%3Dd%26e%3Df\">",
    );
    html("<a href=\"{{ .Data.evil }}\">", "<a href=\"#ZgotmplZ\">");
    html("<a href={{ .Data.evil }}>", "<a href=#ZgotmplZ>");
    html(
        "<img src=\"/a/{{ .Data.name }}.png\">",
        "<img src=\"/a/Ada%20%3Cb%3E.png\">",
    );
    html(
        "<script>var a = {{ .Data.name }}, b = \"{{ .Data.quote }}\";</script>{{ .Data.name }}",
        "<script>var a = \"Ada \\u003cb\\u003e\", b = \"\\u0022 onmouseover\\u003D\\u0022x\";</script>Ada &lt;b&gt;",
    );
    html(
        "<a onclick=\"f({{ .Data.name }})\">",
        "<a onclick=\"f(&#34;Ada \\u003cb\\u003e&#34;)\">",
    );
    html(
        "<style>a { color: {{ .Data.evil }} }</style>",
        "<style>a { color: ZgotmplZ }</style>",
    );
    html(
        "<p style=\"color: {{ .Token }}\">",
        "<p style=\"color: 123456\">",
    );
    html(
        "<!-- {{ .Data.name }} -->{{ .Token }}",
        "<!-- Ada &lt;b&gt; -->123456",
    );
    html(
        "<title>{{ .Data.name }}</title><b>{{ .Data.name }}</b>",
        "<title>Ada &lt;b&gt;</title><b>Ada &lt;b&gt;</b>",
    );
    html("<{{ .Data.name }}>", "<ZgotmplZ>");
    html("1 < 2 {{ .Data.name }}", "1 < 2 Ada &lt;b&gt;");
    html(
        "<br/>{{ .Data.quote }}<input disabled value=\"{{ .Data.quote }}\"/>",
        "<br/>&#34; onmouseover=&#34;x<input disabled value=\"&#34; onmouseover=&#34;x\"/>",
    );
    html(
        "<a href=\"{{ if .Token }}{{ .ConfirmationURL }}{{ else }}#{{ end }}\">",
        &format!("<a href=\"{link}\">"),
    );
}

#[test]
fn what_is_no_template_is_refused() {
    for wrong in [
        "{{",
        "{{ .A",
        "{{ if .A }}",
        "{{ end }}",
        "{{ else }}",
        "{{ nofunction }}",
        "{{ \"open }}",
        "{{ (.A }}",
        "{{ .A) }}",
        "{{ | len }}",
        "{{}}",
        "{{ if }}a{{ end }}",
        "{{ $x }}",
        "{{ $x = 1 }}",
        "{{ .A .B }}",
        "{{ range .Token }}{{ end }}",
        "{{ lt .A 1 }}",
        "{{ index .Data.tags 9 }}",
        "{{ len true }}",
        "{{/* open",
        "{{ template \"a\" }}",
        "{{ ? }}",
        "{{ if .A }}{{ else }}{{ else }}{{ end }}",
        "{{ 1x }}",
        "{{ eq 1 }}",
    ] {
        let filled = Template::parse(wrong).and_then(|template| template.html(&data()));
        assert!(filled.is_err(), "{wrong}: {filled:?}");
    }
    assert!(Template::parse(&"{{ if true }}".repeat(1_000)).is_err());
    assert!(Template::parse(&format!("{{{{ {} }}}}", "(".repeat(1_000))).is_err());
}

#[test]
fn a_template_cannot_run_for_ever() {
    let many = json!({ "l": vec![0; 1_000] });
    let nested = "{{ range $.l }}".repeat(4) + "x" + &"{{ end }}".repeat(4);
    assert!(Template::parse(&nested).unwrap().text(&many).is_err());
}
