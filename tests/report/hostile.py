"""One hostile text, and checks that it is no more than text in an output of each format."""

from __future__ import annotations

import html.parser
import re
import unicodedata

from markdown_it import MarkdownIt

HOSTILE = (
    '</td></script><img src=x onerror="alert(1)"> *b* _i_ | `c` ``` $x$ [y](javascript:alert(1)) ~~s~~ &lt;i&gt; '
    "\\ {{7*7}} \x9b31m \u202e\u200b \x1b[31m @octocat #1 \\frac{1}{2} % ^ --lr '' end\n# heading\n```\nfence\n<!--"
)
FOREIGN = {"script", "img", "iframe", "s", "i"}
TEX = {"textbackslash", "textasciicircum", "textasciitilde", "textasciigrave", "textless", "textgreater", "textbar"}
TEX |= {"usepackage", "begin", "end", "centering", "caption", "label", "toprule", "midrule", "bottomrule"}
TEX |= {"times", "pm", "leq", "geq", "rightarrow", "Delta"}


class Tags(html.parser.HTMLParser):
    """The elements of a document, and its text outside code."""

    def __init__(self, text):
        super().__init__()
        self.found, self.words, self._in_code = [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self._in_code += tag == "code"

    def handle_endtag(self, tag):
        self._in_code -= tag == "code"

    def handle_data(self, data):
        if not self._in_code:
            self.words.append(data)


def check_plain(text):
    """Check that a text can neither move a cursor nor turn itself around."""
    if text.replace("\n", "").isprintable():
        return
    odd = {char for char in text if unicodedata.category(char) in ("Cc", "Cf") and char != "\n"}
    assert odd == set()


def check_markdown(text):
    """Check that GitHub would show the text of `results.md` and nothing that hides in a name."""
    check_plain(text)
    rendered = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    tags = Tags(rendered)
    own = [(tag, given) for tag, given in tags.found if not re.match(r"figures/|compare\.png$", given.get("src") or "")]
    assert {tag for tag, _ in own} & FOREIGN == set()
    assert not [given for _, given in own if any(name.startswith("on") for name in given)]
    assert not [given for _, given in own if "javascript" in str(given.get("href"))]
    assert "heading" not in [line.strip() for line in rendered.replace("<h1>", "\n").splitlines()]
    assert rendered.count("<h1>") == 1
    assert "&lt;!--" in rendered  # what follows a comment that is begun would be lost
    assert not [words for words in tags.words if re.search(r"(?<![A-Za-z0-9])@[A-Za-z0-9]|#[0-9]", words)]


def check_html(text):
    """Check that a page has no element or attribute that hides in a name."""
    tags = Tags(text)
    assert not [given for _, given in tags.found if any(name.startswith("on") for name in given)]
    own = [given for tag, given in tags.found if tag in ("img", "iframe")]
    assert not [given for given in own if not str(given.get("src")).startswith("data:image/")]
    assert not [given for _, given in tags.found if "javascript" in str(given.get("href"))]
    check_plain(text)


def check_tex(text):
    """Check that TeX would read no command, comment or cell that hides in a name, as a tokenizer for it does."""
    check_plain(text)
    depth, lines = 0, text.splitlines()
    assert lines[0].startswith("% ")
    for line in lines[1:]:
        rest = re.sub(r"\\[\\{}$&#%_]", "", line)  # escaped, or the end of a row
        assert set(re.findall(r"\\([A-Za-z]+|.)", rest)) <= TEX, line
        assert not re.search(r"[#%~^\"`]|--|''[']", re.sub(r"\$[^$]*\$", "", rest)), line
        assert rest.count("$") % 2 == 0, line
        depth += rest.count("{") - rest.count("}")
        assert depth == 0, line  # no name closes what encloses it
    inside = text.split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert len({len(re.findall(r"(?<!\\)&", row)) for row in inside.strip().splitlines()}) == 1
