// The tree, its places, and the documents that are refused.

import Testing
import YAML

private func failure(_ text: String) -> YAMLError? {
    do {
        _ = try YAMLParser.parse(text)
        return nil
    } catch { return error }
}

private func entries(_ node: YAMLNode) -> [YAMLEntry] {
    guard case .mapping(let entries) = node.content else { return [] }
    return entries
}

@Test func `every key and value knows its place`() throws {
    let found = entries(try YAMLParser.parse("a: 1\nlist:\n  - x\n  - \"2\"\n"))
    #expect(found.map(\.key) == ["a", "list"])
    #expect(found[0].value.line == 1 && found[0].value.column == 4)
    guard case .sequence(let items) = found[1].value.content else {
        Issue.record("no list")
        return
    }
    #expect(items.map(\.line) == [3, 4] && items.map(\.column) == [5, 5])
    #expect(items[1].content == .scalar("2", isPlain: false))
}

@Test func `a merge key adds what is not written`() throws {
    let root = try YAMLParser.parse("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n")
    let used = entries(entries(root)[1].value)
    #expect(used.map(\.key) == ["y", "x"])
    #expect(used[0].value.content == .scalar("3", isPlain: true))
}

@Test func `an alias bomb is refused`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
        let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
        text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(failure(text)?.message.contains("20000 nodes") == true)
}

@Test func `nesting is bounded, through aliases too`() {
    func nested(_ depth: Int, _ inner: String) -> String {
        String(repeating: "[", count: depth) + inner + String(repeating: "]", count: depth)
    }
    #expect(failure(nested(99, "x")) == nil)
    #expect(failure(nested(100, "x"))?.column == 101)
    #expect(failure("a: &a \(nested(60, "x"))\nb: \(nested(60, "*a"))\n")?.line == 2)
}

@Test func `what is too long, doubled, unknown or no YAML is refused in its place`() {
    #expect(failure(String(repeating: "#", count: YAMLLimits.bytes + 1)) != nil)
    let doubled = failure("a: 1\nb: 2\na: 3\n")
    #expect(doubled?.line == 3 && doubled?.column == 1)
    let unknown = failure("a: *b\n")
    #expect(unknown?.line == 1 && unknown?.column == 4)
    #expect(failure("a: [1\n")?.line == 2)
    #expect(failure("a: 1\nb: \u{1}\n")?.line == 2)
    #expect(failure("a: 1\n---\nb: 2\n")?.line == 2)
}
