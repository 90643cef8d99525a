"""The report's own words in both languages, one table. Debug lines and commands are translated nowhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mainmode.language import Lang, Text

LANGUAGES: Final[tuple[Lang, ...]] = ("en", "ja")

STRINGS: Final[Mapping[str, Text]] = {
    # headings
    "title.explain": Text("What the debug says", "デバッグの説明"),
    "title.lab": Text("Lab run: {a} and {b}", "ラボ実行: {a} と {b}"),
    "title.check": Text("Configuration check", "設定の確認"),
    "diagnosis": Text("Diagnosis", "診断"),
    "contents": Text("Negotiations", "ネゴシエーション"),
    "configuration": Text("Configuration", "設定"),
    "shows": Text("Show commands", "show コマンド"),
    "findings": Text("Findings", "指摘事項"),
    "sources": Text("Sources", "入力"),
    "homeless": Text("Lines that belong to no negotiation", "どのネゴシエーションにも属さない行"),
    "unread": Text("{count} statements that could not be read", "読み取れなかった文 {count} 件"),
    # the verdict of a lab run
    "verdict.up": Text(
        "The tunnel is up: {there} packets went from {a} to {b} and {back} back, "
        "in {seconds:.3f} seconds of virtual time.",
        "トンネルは確立しました: {a} から {b} へ {there} パケット、逆方向へ {back} パケット"
        "（仮想時間 {seconds:.3f} 秒）。",
    ),
    "verdict.down": Text(
        "There is no tunnel: {a} {stopped_a}; {b} {stopped_b}.",
        "トンネルは確立していません。{a}: {stopped_a}。{b}: {stopped_b}。",
    ),
    "stopped.silent": Text("said nothing", "出力なし"),
    "stopped.no.peer": Text("said nothing about a peer", "ピアに関する出力なし"),
    "reached": Text("got as far as {message}", "{message} まで到達"),
    "reached.nothing": Text("sent and received nothing", "送受信なし"),
    "waits": Text(" and waits for {message}", "、{message} を待機"),
    "did.not.send": Text(" and did not send {message}", "、{message} を送信せず"),
    # a checked configuration
    "check.debug": Text("debug of {host} in the lab", "ラボでの {host} のデバッグ"),
    "check.comes.up": Text(
        "Tried in the lab from both ends, for every line of the crypto ACLs: the tunnel comes up.",
        "両側から、暗号 ACL の全行についてラボで試しました: トンネルは確立します。",
    ),
    "check.counted": Text("{file}: {found}. Lines: {lines}.", "{file}: {found}。行の内訳: {lines}。"),
    "check.nothing": Text("nothing wrong", "問題なし"),
    "check.count": Text("{count} {what}", "{what} {count} 件"),
    "comma": Text(", ", "、"),
    "support.UNRECOGNISED": Text("{count} unrecognised", "認識できない {count}"),
    "support.IGNORED": Text("{count} known and ignored", "既知で無視 {count}"),
    "support.NOT_IMPLEMENTED": Text("{count} known, not implemented", "既知だが未実装 {count}"),
    "support.LIMITED": Text("{count} understood with limits", "制限付きで解釈 {count}"),
    "support.DONE": Text("{count} done", "解釈済み {count}"),
    # a diagnosis
    "also": Text("Also found:", "ほかの診断:"),
    "certain": Text("certain", "確実"),
    "likely": Text("likely", "可能性が高い"),
    "possible": Text("possible", "可能性あり"),
    "note": Text("note", "参考"),
    "problem": Text("problem", "問題"),
    "warning": Text("warning", "警告"),
    "evidence": Text("Evidence", "根拠となる行"),
    "config.lines": Text("Configuration lines", "該当する設定行"),
    "fix": Text("Mend on {site}", "{site} での修正"),
    "verified": Text("tried in the lab: the tunnel came up", "ラボで検証済み: トンネルが確立"),
    "not.verified": Text("tried in the lab: the tunnel did not come up", "ラボで検証済み: トンネルは確立せず"),
    "untried": Text("not tried", "未検証"),
    "next": Text("What to look at next", "次に確認すること"),
    "ruled.out": Text("Ruled out", "除外された原因"),
    "times": Text("in {count} negotiations", "{count} 件のネゴシエーションで発生"),
    "stage": Text("at {stage}", "{stage} で発生"),
    # a diagnosis as a block of text
    "text.error": Text("error", "エラー"),
    "text.note": Text("note", "注記"),
    "text.because": Text("why", "理由"),
    "text.config": Text("configured", "設定"),
    "text.ruled.out": Text("ruled out", "除外"),
    "text.fix": Text("mend on site {site}", "サイト {site} での修正"),
    "text.verified": Text("tried in the lab: the tunnel comes up", "ラボで検証済み: トンネルが確立する"),
    "text.not.verified": Text("tried in the lab: not enough by itself", "ラボで検証済み: これだけでは不十分"),
    "text.next": Text("next", "次に"),
    "text.times": Text("{count} negotiations", "{count} 件のネゴシエーション"),
    "text.stage": Text("at {stage}", "{stage}"),
    # a ladder, a debug and a log as text
    "text.unheard": Text("nothing heard", "記録なし"),
    "text.quick": Text("quick mode {id}", "クイック モード {id}"),
    "text.again": Text("again", "再送"),
    "text.debug": Text("debug of {name}, {count} lines", "{name} のデバッグ（{count} 行）"),
    "text.said": Text(
        "{path}: {lines} lines, {statements} statements ({dialect}), {recognised} recognised, {found}",
        "{path}: {lines} 行、文 {statements} 件（{dialect}）、認識 {recognised} 件、{found}",
    ),
    "text.dialect.none": Text("nothing", "該当なし"),
    "text.once": Text("1 negotiation", "1 件のネゴシエーション"),
    "text.unread": Text("  {line}: not recognised: {text}", "  {line} 行目: 認識できない行: {text}"),
    "text.unread.more": Text(
        "  … and {count} more (--format json lists them)", "  … ほか {count} 件（--format json で全件を表示）"
    ),
    "text.nothing.wrong": Text("Nothing is wrong: the tunnel came up.", "問題はありません: トンネルは確立しました。"),
    "text.no.cause": Text("Nothing in it tells what is wrong.", "入力に原因を示す行はありません。"),
    "tunnel.up": Text("The tunnel came up.", "トンネルは確立しました。"),
    "tried.up": Text(
        "The tunnel comes up: tried in the lab from both ends, for every line of the crypto ACLs.",
        "トンネルは確立します（両端から、crypto ACL の全行をラボで検証済み）。",
    ),
    "problems": Text("Problems in the configuration: {count}", "設定の問題: {count} 件"),
    "only.warnings": Text(
        "No problem was found, and {count} things to look at.", "問題はありません。確認すべき点が {count} 件あります。"
    ),
    "nothing.wrong": Text("Nothing wrong was found.", "問題は見つかりませんでした。"),
    "no.cause": Text(
        "The tunnel did not come up, and the lines do not say why.",
        "トンネルは確立していません。原因を示す行はありません。",
    ),
    "nothing.heard": Text(
        "No line about a VPN was found in the input.", "入力に VPN に関する行は見つかりませんでした。"
    ),
    # a negotiation
    "peer": Text("peer {peer}", "ピア {peer}"),
    "unknown.peer": Text("unknown peer", "不明なピア"),
    "initiator": Text("initiator", "発信側"),
    "responder": Text("responder", "応答側"),
    "unknown": Text("role unknown", "役割不明"),
    "established": Text("established", "確立"),
    "failed": Text("failed", "失敗"),
    "incomplete": Text("incomplete", "未完了"),
    "not-seen": Text("not seen", "記録なし"),
    "phase1": Text("Phase 1 (main mode)", "フェーズ 1（メイン モード）"),
    "quick": Text("Quick mode {id}", "クイック モード {id}"),
    "quick.unnamed": Text("Quick mode", "クイック モード"),
    "overview": Text("The ladder", "シーケンス図"),
    "began": Text("began {at}", "開始 {at}"),
    "lasted": Text("{time} from first to last line", "最初の行から最後の行まで {time}"),
    "select": Text("one click selects all of it", "クリックで全体を選択"),
    "overview.more": Text("{count} more rows below", "ほか {count} 行（下記）"),
    "debug.of": Text("Debug of {name}", "{name} のデバッグ"),
    "not.heard": Text("only its peer was heard", "相手側の記録のみ"),
    # a rung
    "arrow": Text("{name} from {sender} to {receiver}", "{name}: {sender} から {receiver} へ"),
    "sent": Text("sent {length}", "送信 {length}"),
    "received": Text("received {length}", "受信 {length}"),
    "bytes": Text("{length} bytes", "{length} バイト"),
    "lost": Text("not seen at the other end", "相手側に記録なし"),
    "again": Text("again {count}×", "再送 {count} 回"),
    "informational": Text("Informational: {count}", "Informational: {count} 件"),
    "stopped": Text("it stopped here", "ここで停止"),
    "never.reached": Text("never reached", "未到達"),
    "no.message": Text("no message of its own", "メッセージなし"),
    "more.lines": Text("{count} more", "ほか {count} 行"),
    "left.out": Text(
        "{count} lines are left out: the page would be too large to open.",
        "{count} 行を省略しました（ページが大きくなりすぎるため）。",
    ),
    # the rest
    "line": Text("line {line}", "{line} 行目"),
    "said": Text(
        "{path}: {lines} lines, {statements} statements, {recognised} recognised",
        "{path}: {lines} 行、文 {statements} 件、認識 {recognised} 件",
    ),
    "back": Text("Explain something else", "別のログを説明する"),
    "nowhere": Text("not in the text", "記述なし"),
    "footer": Text(
        "Made by mainmode {version}. Keys are masked. This page loads nothing and runs nothing.",
        "mainmode {version} で作成。鍵はマスク済み。このページは外部から何も読み込まず、スクリプトも実行しません。",
    ),
}  # fmt: skip


def words(lang: Lang, table: Mapping[str, Text] = STRINGS) -> Callable[..., str]:
    """From a key and values to the sentence in that language; KeyError for a key that is not in the table."""

    def say(key: str, /, **values: object) -> str:
        return table[key].to(lang).format(**values)

    return say
