import Records
import Testing

@testable import AviaryShell

@Suite struct TypingTests {
    /// What a line is after these bytes, with a bar where the cursor is.
    private func typed(_ bytes: String, history: [String] = []) -> String {
        var decoder = KeyDecoder()
        var line = LineBuffer()
        for byte in bytes.utf8 {
            if let key = decoder.take(byte) { _ = line.apply(key, history: history) }
        }
        let before = line.textBeforeCursor
        return before + "|" + line.text.dropFirst(before.count)
    }

    @Test func `keys edit the line where the cursor is`() {
        #expect(typed("ls /x") == "ls /x|")
        #expect(typed("ls\u{1b}[D\u{1b}[DX") == "X|ls")
        #expect(typed("abc\u{7f}\u{08}") == "a|")
        #expect(typed("abc\u{01}\u{1b}[3~") == "|bc")
        #expect(typed("get /a b\u{17}") == "get /a |")
        #expect(typed("get /a\u{1b}b\u{0b}") == "get |")
        #expect(typed("get /a\u{01}\u{1b}[1;5C\u{15}") == "| /a")
        #expect(typed("a\u{01}\u{05}b") == "ab|")
        #expect(typed("äöü\u{7f}€😀") == "äö€😀|")
        #expect(typed("e\u{301}\u{7f}x") == "x|")
    }

    @Test func `the history is walked, and one's own line is found again`() {
        let history = ["one", "two"]
        #expect(typed("dr\u{1b}[A", history: history) == "two|")
        #expect(typed("dr\u{1b}[A\u{1b}[A\u{1b}[A", history: history) == "one|")
        #expect(typed("dr\u{10}\u{10}\u{0e}\u{0e}", history: history) == "dr|")
        #expect(typed("\u{1b}[A!\u{1b}[B", history: []) == "!|")
    }

    @Test func `bytes that mean nothing change nothing, and the next key is whole`() {
        #expect(typed("a\u{1b}[99;99zb") == "ab|")
        #expect(typed("a\u{1b}\u{1b}[Db") == "ba|" || typed("a\u{1b}\u{1b}[Db") == "b|a")
        var decoder = KeyDecoder()
        var keys = 0
        for byte: UInt8 in [0xff, 0xc3, 0x28, 0xe2, 0x82, 0x41, 0xf0, 0x9f, 0x1b, 0x5b, 0x41] {
            if decoder.take(byte) != nil { keys += 1 }
        }
        // "(", "A" and the arrow.
        #expect(keys == 3)
    }

    @Test func `a long line is shown around the cursor`() {
        var line = LineBuffer()
        line.insert("0123456789")
        #expect(line.window(width: 20) == ("0123456789", 10))
        #expect(line.window(width: 6) == ("56789", 5))
        _ = line.apply(.home, history: [])
        #expect(line.window(width: 6) == ("01234", 0))
    }

    @Test(arguments: [
        ("get /a", ["get", "/a"]),
        ("  get\t/a  ", ["get", "/a"]),
        ("create '/a b' \"it's\"", ["create", "/a b", "it's"]),
        ("create /a \"\"", ["create", "/a", ""]),
        ("create /a say\"hi\"", ["create", "/a", "say\"hi\""]),
        ("create /a 'open end", ["create", "/a", "open end"]),
        ("# a comment", []),
        ("", []),
    ])
    func `a line is cut into words`(_ line: String, _ words: [String]) {
        #expect(commandLineWords(line) == words)
    }

    @Test func `options stand anywhere, together, and before their values`() throws {
        let rules: [OptionRule] = [.flag("s"), .flag("w"), .value("v")]
        let arguments = try Arguments(["/a", "-sw", "data", "-v", "-3"], rules: rules)
        #expect(arguments.words == ["/a", "data"])
        #expect(arguments.has("s") && arguments.has("w"))
        #expect(try arguments.version() == -3)
        #expect(try Arguments(["-v7", "--", "-x"], rules: rules).words == ["-x"])
        #expect(try Arguments(["/a", "-5", "-"], rules: rules).words == ["/a", "-5", "-"])
    }

    @Test(arguments: [
        ("/", nil), ("/a", nil), ("/a.b/..c", nil),
        ("", "Path length must be > 0"),
        ("/a//b", "Invalid path string \"/a//b\" caused by empty node name specified @3"),
        ("/a/..", "Invalid path string \"/a/..\" caused by relative paths not allowed @4"),
        ("/./a", "Invalid path string \"/./a\" caused by relative paths not allowed @1"),
        ("/a\u{1}", "Invalid path string \"/a\u{1}\" caused by invalid character @2"),
    ])
    func `paths are judged before a server is asked`(_ text: String, _ problem: String?) {
        #expect(Path.problem(of: text) == problem)
    }

    @Test func `data is shown in base64, in hex, and read from base64`() {
        for count in 0...5 {
            let data = (0..<count).map { UInt8($0 * 50) }
            #expect(bytes(ofBase64: base64Text(data)) == data)
        }
        #expect(base64Text(Array("two words".utf8)) == "dHdvIHdvcmRz")
        #expect(base64Text([1]) == "AQ==")
        #expect(bytes(ofBase64: "a") == nil)
        #expect(bytes(ofBase64: "****") == nil)
        #expect(hexText(Array("hi\n".utf8)).contains("|00000000| 68 69 0a "))
    }
}
