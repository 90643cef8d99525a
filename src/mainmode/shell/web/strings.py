"""The page's own words in both languages, one table beside the report's. What the explainer says is not in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mainmode.explain.report import strings
from mainmode.language import Lang, Text

LANGUAGE_NAMES: Final[Mapping[Lang, str]] = {"en": "English", "ja": "日本語"}
"""Each in itself."""

STRINGS: Final[Mapping[str, Text]] = {
    # the form
    "title": Text("What does this debug say?", "このデバッグが示すもの"),
    "intro": Text(
        "Paste or drop what an ASA or an IOS router printed about a LAN-to-LAN tunnel: debugs, syslogs, `show crypto` "
        "outputs. Half a debug of one side is enough. Both sides are better, and with both configurations every mend "
        "is tried in the lab.",
        "ASA や IOS ルータが LAN-to-LAN トンネルについて出力したもの（デバッグ、syslog、`show crypto` の出力）を"
        "貼り付けるか、ファイルをドロップしてください。片側のデバッグの一部だけでも構いません。両側あればより正確で、"
        "両方の設定があれば、修正案をすべてラボで試します。",
    ),
    "promise": Text(
        "Nothing is stored and nothing is sent on: what you paste is read in the memory of the machine that shows this "
        "page, no file is written, and it is forgotten when the report is made. Keys are masked in the report.",
        "保存も送信もしません。貼り付けた内容はこのページを表示しているマシンのメモリ上でのみ読み取られ、ファイルには"
        "書き込まれず、レポートの作成後に破棄されます。レポートでは鍵をマスクします。",
    ),
    "in.clear": Text(
        "This server can be reached over the network, without encryption and without a login: a key in a configuration "
        "can be read on the way.",
        "このサーバーはネットワーク経由で利用でき、暗号化もログインもありません。設定に含まれる鍵は通信経路上で"
        "読み取られるおそれがあります。",
    ),
    "languages": Text("Language", "言語"),
    "side": Text("Side {side}", "サイド {side}"),
    "side.optional": Text("if you have it", "あれば"),
    "log": Text("Debug, syslog, `show` outputs", "デバッグ、syslog、`show` の出力"),
    "log.files": Text("or files", "またはファイル（複数可）"),
    "config": Text("Configuration (`show running-config`)", "設定（`show running-config`）"),
    "config.file": Text("or a file", "またはファイル"),
    "report.in": Text("Language of the report", "レポートの言語"),
    "explain": Text("Explain", "説明する"),
    "as.file": Text("Save the report as a file", "レポートをファイルに保存"),
    "as.text": Text("As plain text", "テキストで表示"),
    "example": Text("Fill in an example", "例を入力する"),
    "empty": Text("Empty the form", "フォームを空にする"),
    "limits": Text(
        "Together at most {limit} MiB, and {seconds} seconds to read it. `mainmode explain` on the command line has "
        "neither limit. Large files are handier as files than as pastes.",
        "合計 {limit} MiB、処理時間 {seconds} 秒まで。コマンドラインの `mainmode explain` には"
        "どちらの制限もありません。大きなログは貼り付けるよりファイルで指定するほうが軽快です。",
    ),
    # what the script says
    "busy": Text("Reading …", "読み取り中…"),
    "too.large": Text("This is more than {limit} MiB together.", "合計が {limit} MiB を超えています。"),
    "missed": Text("Drop files onto one of the fields.", "ファイルはいずれかの入力欄にドロップしてください。"),
    # instead of a report
    "notice": Text("There is no report", "レポートはありません"),
    "notice.back": Text(
        "The Back button of your browser leads to what you pasted; here nothing is kept of it.",
        "ブラウザーの「戻る」で貼り付けた内容に戻れます。こちらには何も残っていません。",
    ),
    "notice.form": Text("To the form", "フォームへ"),
    "refused.host": Text(
        "This server is not called by that name. It goes by its address, or localhost.",
        "このサーバーはその名前では利用できません。アドレスまたは localhost を使ってください。",
    ),
    "refused.origin": Text(
        "This form was sent by another page. Open it here and send it from here.",
        "このフォームは別のページから送信されました。このサーバーのフォームを開いて送信してください。",
    ),
    "refused.token": Text(
        "This form is of an earlier run of `mainmode web`. Open it anew.",
        "このフォームは以前に起動した `mainmode web` のものです。開き直してください。",
    ),
    "refused.type": Text("Only the form of this page is read here.", "このページのフォーム以外は受け付けません。"),
    "refused.form": Text("The form did not arrive whole.", "フォームが正しく届きませんでした。"),
    "refused.size": Text(
        "This is more than {limit} MiB together; `mainmode explain` on the command line takes files of any size.",
        "合計が {limit} MiB を超えています。コマンドラインの `mainmode explain` ではサイズの制限はありません。",
    ),
    "refused.parts": Text(
        "These are more than {count} fields and files.", "入力欄とファイルが {count} 個を超えています。"
    ),
    "refused.slow": Text(
        "The form did not arrive within {seconds} seconds.", "フォームが {seconds} 秒以内に届きませんでした。"
    ),
    "refused.empty": Text(
        "There is no debug, syslog or show output to explain. `mainmode check` reads configurations by themselves.",
        "説明するデバッグ、syslog、show の出力がありません。設定だけを調べるには `mainmode check` を使ってください。",
    ),
    "refused.twice": Text(
        "The configuration of side {side} is given twice: pasted or as one file, please.",
        "サイド {side} の設定が二重に指定されています。貼り付けるか、ファイル 1 つのどちらかにしてください。",
    ),
    "refused.busy": Text(
        "{count} others are being explained or wait for it. Try again in a minute.",
        "ほかに {count} 件が処理中または待機中です。しばらくしてからもう一度お試しください。",
    ),
    "refused.long": Text(
        "Reading this takes more than {seconds} seconds; `mainmode explain` on the command line has no such limit.",
        "読み取りに {seconds} 秒以上かかるため中止しました。コマンドラインの `mainmode explain` には制限がありません。",
    ),
    "refused.memory": Text(
        "Reading this takes more memory than is granted; `mainmode explain` on the command line has no such limit.",
        "読み取りに許可された以上のメモリが必要です。コマンドラインの `mainmode explain` には制限がありません。",
    ),
    "refused.broken": Text(
        "The explainer failed, and that is our mistake: please tell us, with the shortest log that does it.",
        "説明処理が失敗しました。これは mainmode の不具合です。再現する最短のログを添えてお知らせください。",
    ),
    "refused.stopping": Text("The server is being stopped.", "サーバーは停止処理中です。"),
    "refused.path": Text("There is nothing here but the form.", "ここにはフォームのほかには何もありません。"),
    "footer": Text(
        "mainmode {version}. This page loads nothing from anywhere.",
        "mainmode {version}。このページは外部から何も読み込みません。",
    ),
}  # fmt: skip


def words(lang: Lang) -> Callable[..., str]:
    """From a key and values to the sentence in that language; KeyError for a key that is not in the table."""
    return strings.words(lang, STRINGS)
