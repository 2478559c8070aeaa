/// The lines of a file in the form of Java's properties, as zoo.cfg is one.
///
/// Comments begin with `#` or `!`; a key ends at `=`, `:` or a blank; an odd number of backslashes
/// at its end joins a line with the next; `\uXXXX` and the usual escapes are understood.
public struct PropertiesFile: Sendable {
    /// A key, its value and where they stand.
    public struct Entry: Equatable, Sendable {
        /// The key.
        public var key: String
        /// Leading blanks are gone, trailing ones are kept.
        public var value: String
        /// Counted from 1; 0 if it stands in no file.
        public var line: Int
        /// The option of the process that it came by, as in `-Dzookeeper.tickTime`.
        public var option: String?
    }

    /// In the order of the file; of a key that stands twice, the last counts.
    public private(set) var entries: [Entry] = []

    /// Parses `text`.
    ///
    /// Every text is valid.
    public init(_ text: String) {
        var logical: [UInt8] = []
        var start = 0
        var isContinued = false
        for (number, line) in PropertiesFile.lines(of: Array(text.utf8)).enumerated() {
            var content = line.drop(while: PropertiesFile.isBlank)
            if !isContinued {
                guard let first = content.first, first != UInt8(ascii: "#"),
                    first != UInt8(ascii: "!")
                else { continue }
                logical = []
                start = number + 1
            }
            let backslashes = content.reversed().prefix { $0 == PropertiesFile.backslash }.count
            isContinued = backslashes % 2 == 1
            if isContinued { content = content.dropLast() }
            logical += content
            if !isContinued { entries.append(PropertiesFile.entry(logical, line: start)) }
        }
        if isContinued { entries.append(PropertiesFile.entry(logical, line: start)) }
    }

    /// The value of the last entry for `key`.
    public subscript(_ key: String) -> Entry? { entries.last { $0.key == key } }

    private static let backslash = UInt8(ascii: "\\")

    private static func lines(of text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                lines.append(text[start..<index])
                let isPair =
                    byte == UInt8(ascii: "\r") && index + 1 < text.count
                    && text[index + 1] == UInt8(ascii: "\n")
                index += isPair ? 1 : 0
                start = index + 1
            }
            index += 1
        }
        lines.append(text[start...])
        return lines
    }

    private static func entry(_ line: [UInt8], line number: Int) -> Entry {
        var end = 0
        while end < line.count, !isSeparator(line[end]) {
            end += line[end] == backslash ? 2 : 1
        }
        end = min(end, line.count)
        var start = end
        while start < line.count, isBlank(line[start]) { start += 1 }
        if start < line.count, line[start] == UInt8(ascii: "=") || line[start] == UInt8(ascii: ":")
        {
            start += 1
        }
        while start < line.count, isBlank(line[start]) { start += 1 }
        return Entry(
            key: unescape(line[..<end]), value: unescape(line[start...]), line: number)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        switch Unicode.Scalar(byte) {
        case " ", "\t", "\u{c}": true
        default: false
        }
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":") || isBlank(byte)
    }

    private static func unescape(_ escaped: ArraySlice<UInt8>) -> String {
        guard escaped.contains(backslash) else { return String(decoding: escaped, as: UTF8.self) }
        var text: [UInt8] = []
        var rest = escaped
        while let byte = rest.popFirst() {
            guard byte == backslash, let meant = rest.popFirst() else {
                text.append(byte)
                continue
            }
            switch Unicode.Scalar(meant) {
            case "n": text.append(UInt8(ascii: "\n"))
            case "t": text.append(UInt8(ascii: "\t"))
            case "r": text.append(UInt8(ascii: "\r"))
            case "f": text.append(0xc)
            case "u":
                let digits = String(decoding: rest.prefix(4), as: UTF8.self)
                if let value = UInt32(digits, radix: 16), let unicode = Unicode.Scalar(value) {
                    text += Array(String(unicode).utf8)
                    rest = rest.dropFirst(4)
                }
            default: text.append(meant)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
