"""Image references, as container runtimes read them."""

from __future__ import annotations

import pytest

from pullready.facts.reference import ImageReference, InvalidReference, has_placeholder, parse, without_user_info

SHA256 = "sha256:" + "a1" * 32
SHA512 = "sha512:" + "b2" * 64


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("shop.azurecr.io/web:1.4", "shop.azurecr.io", "web", "1.4", None),
        ("shop.azurecr.io/web", "shop.azurecr.io", "web", None, None),
        (f"shop.azurecr.io/team/web:1.4@{SHA256}", "shop.azurecr.io", "team/web", "1.4", SHA256),
        (f"shop.azurecr.io/web@{SHA512}", "shop.azurecr.io", "web", None, SHA512),
        ("shop.azurecr.io:443/a/b/c/d:x", "shop.azurecr.io:443", "a/b/c/d", "x", None),
        ("Shop.AzureCR.io/web", "shop.azurecr.io", "web", None, None),
        ("SHOP/web", "shop", "web", None, None),
        ("nginx", "docker.io", "library/nginx", None, None),
        ("nginx:1.29", "docker.io", "library/nginx", "1.29", None),
        (f"nginx@{SHA256}", "docker.io", "library/nginx", None, SHA256),
        ("shop/web", "docker.io", "shop/web", None, None),
        ("docker.io/nginx", "docker.io", "library/nginx", None, None),
        ("index.docker.io/nginx", "docker.io", "library/nginx", None, None),
        ("library/nginx", "docker.io", "library/nginx", None, None),
        ("localhost/web", "localhost", "web", None, None),
        ("localhost:5000/web", "localhost:5000", "web", None, None),
        ("registry:5000/web", "registry:5000", "web", None, None),
        ("[2001:db8::1]:5000/web", "[2001:db8::1]:5000", "web", None, None),
        ("203.0.113.7/web", "203.0.113.7", "web", None, None),
        ("shop.azurecr.io/a__b/c--d/e.f_g", "shop.azurecr.io", "a__b/c--d/e.f_g", None, None),
        ("shop.azurecr.io/web:_" + "x" * 127, "shop.azurecr.io", "web", "_" + "x" * 127, None),
        ("shop.azurecr.io/" + "w" * 255, "shop.azurecr.io", "w" * 255, None, None),
    ],
)
def test_references(text: str, host: str, repository: str, tag: str | None, digest: str | None) -> None:
    assert parse(text) == ImageReference(host, repository, tag, digest)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (" shop.azurecr.io/web", "white space"),
        ("shop.azurecr.io/web\n", "white space"),
        ("https://shop.azurecr.io/web", "scheme"),
        ("a1" * 32, "image's id"),
        ("shop.azurecr.io/Web", "upper-case"),
        ("Nginx", "upper-case"),
        ("shop.azurecr.io/", "no repository"),
        ("shop.azurecr.io/:1.4", "no repository"),
        ("shop.azurecr.io/web:", "tag"),
        ("shop.azurecr.io/web:1:4", "tag"),
        ("shop.azurecr.io/web:.1", "tag"),
        ("shop.azurecr.io/web:" + "x" * 129, "tag"),
        ("shop.azurecr.io//web", "single separators"),
        ("shop.azurecr.io/web/", "single separators"),
        ("shop.azurecr.io/a___b", "single separators"),
        ("shop.azurecr.io/-web", "single separators"),
        ("shop.azurecr.io/wéb", "single separators"),
        ("shop.azurecr.io/" + "w" * 256, "256 characters"),
        ("w" * 248, "256 characters"),
        ("-shop.azurecr.io/web", "host"),
        ("shop..azurecr.io/web", "host"),
        ("shop.azurecr.io:https/web", "host"),
        ("2001:db8::1/web", "host"),
        ("shop_.azurecr.io/web", "host"),
        ("shop.azurecr.io/web@1.4", "algorithm"),
        ("shop.azurecr.io/web@", "algorithm"),
        ("shop.azurecr.io/web@md5:" + "a" * 32, "none of sha256"),
        (f"shop.azurecr.io/web@{SHA256[:-1]}", "64 hexadecimal"),
        (f"shop.azurecr.io/web@{SHA256.upper().replace('SHA', 'sha')}", "64 hexadecimal"),
        (f"shop.azurecr.io/web@{SHA256}@{SHA256}", "64 hexadecimal"),
    ],
)
def test_what_is_none(text: str, says: str) -> None:
    found = parse(text)
    assert isinstance(found, InvalidReference)
    assert says in found.reason


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("shop:hunter2@shop.azurecr.io/web:1.4", "***@shop.azurecr.io/web:1.4"),
        (f"shop:hunter2@shop.azurecr.io/web@{SHA256}", f"***@shop.azurecr.io/web@{SHA256}"),
        ("https://shop:hunter2@shop.azurecr.io/v2/", "https://***@shop.azurecr.io/v2/"),
        ("https://shop:hunter2@shop.azurecr.io", "https://***@shop.azurecr.io"),
        ("https://shop:hun/ter2@shop.azurecr.io/v2/", "https://***@shop.azurecr.io/v2/"),
        ("shop:hun/ter2@shop.azurecr.io/web", "***@shop.azurecr.io/web"),
        ("shop:hun@ter2@shop.azurecr.io/web", "***@shop.azurecr.io/web"),
        ("shop:hunter2@shop.azurecr.io:5000", "***@shop.azurecr.io:5000"),
        ("shop.azurecr.io/web@1.4", "shop.azurecr.io/web@1.4"),
        ("shop.azurecr.io:443/web@1.4", "shop.azurecr.io:443/web@1.4"),
        (f"nginx@{SHA256}", f"nginx@{SHA256}"),
        ("shop.azurecr.io/web:1.4", "shop.azurecr.io/web:1.4"),
    ],
)
def test_user_info_is_dropped_and_nothing_else(text: str, stripped: str) -> None:
    assert without_user_info(text) == stripped


@pytest.mark.parametrize("sign", ["{{ .Values.x }}", "{% x %}", "${X}", "$(X)", "$X", "<x>", "#{X}#", "@@X@@", "__X__"])
def test_placeholders(sign: str) -> None:
    text = f"{sign}/web"
    assert has_placeholder(text)
    assert isinstance(parse(text), InvalidReference)


def test_no_reference_has_a_placeholder() -> None:
    assert not has_placeholder(f"Shop.azurecr.io:443/team/web__x/y--z:1.4_X-y@{SHA256}")
