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
        var logical: [Unicode.Scalar] = []
        var start = 0
        var isContinued = false
        for (number, line) in PropertiesFile.lines(of: text).enumerated() {
            var content = line.drop { $0 == " " || $0 == "\t" || $0 == "\u{c}" }
            if !isContinued {
                guard let first = content.first, first != "#", first != "!" else { continue }
                logical = []
                start = number + 1
            }
            let backslashes = content.reversed().prefix { $0 == "\\" }.count
            isContinued = backslashes % 2 == 1
            if isContinued { content = content.dropLast() }
            logical += content
            if !isContinued { entries.append(PropertiesFile.entry(logical, line: start)) }
        }
        if isContinued { entries.append(PropertiesFile.entry(logical, line: start)) }
    }

    /// The value of the last entry for `key`.
    public subscript(_ key: String) -> Entry? { entries.last { $0.key == key } }

    private static func lines(of text: String) -> [ArraySlice<Unicode.Scalar>] {
        let scalars = Array(text.unicodeScalars)
        var lines: [ArraySlice<Unicode.Scalar>] = []
        var start = 0
        var index = 0
        while index < scalars.count {
            if scalars[index] == "\n" || scalars[index] == "\r" {
                lines.append(scalars[start..<index])
                let isPair =
                    scalars[index] == "\r" && index + 1 < scalars.count
                    && scalars[index + 1] == "\n"
                index += isPair ? 1 : 0
                start = index + 1
            }
            index += 1
        }
        lines.append(scalars[start...])
        return lines
    }

    private static func entry(_ line: [Unicode.Scalar], line number: Int) -> Entry {
        var end = 0
        while end < line.count, !isSeparator(line[end]) {
            end += line[end] == "\\" ? 2 : 1
        }
        end = min(end, line.count)
        var start = end
        while start < line.count, isBlank(line[start]) { start += 1 }
        if start < line.count, line[start] == "=" || line[start] == ":" { start += 1 }
        while start < line.count, isBlank(line[start]) { start += 1 }
        return Entry(
            key: unescape(line[..<end]), value: unescape(line[start...]), line: number)
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || scalar == "\u{c}"
    }

    private static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "=" || scalar == ":" || isBlank(scalar)
    }

    private static func unescape(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        var rest = scalars
        while let scalar = rest.popFirst() {
            guard scalar == "\\", let escaped = rest.popFirst() else {
                text.append(scalar)
                continue
            }
            switch escaped {
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "r": text.append("\r")
            case "f": text.append("\u{c}")
            case "u":
                let digits = String(String.UnicodeScalarView(rest.prefix(4)))
                if let value = UInt32(digits, radix: 16), let unicode = Unicode.Scalar(value) {
                    text.append(unicode)
                    rest = rest.dropFirst(4)
                }
            default: text.append(escaped)
            }
        }
        return String(text)
    }
}
