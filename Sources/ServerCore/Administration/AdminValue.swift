// The JSON of the AdminServer, in the form that Apache ZooKeeper prints: fields in their order, two
// blanks a level, `"key" : value`, arrays on one line.

/// A value of JSON.
public enum AdminValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number with a point, as it is printed.
    case decimal(String)
    case text(String)
    case list([AdminValue])
    case object([Field])

    /// A name and its value.
    public struct Field: Equatable, Sendable {
        /// The name.
        public var name: String
        /// The value.
        public var value: AdminValue

        /// A field.
        public init(_ name: String, _ value: AdminValue) {
            self.name = name
            self.value = value
        }
    }

    /// Text, or null.
    init(_ text: String?) { self = text.map(AdminValue.text) ?? .null }

    /// A whole number of any width.
    static func number(_ value: some BinaryInteger) -> AdminValue {
        .integer(Int64(truncatingIfNeeded: value))
    }

    /// Without quotes, as `mntr` prints it.
    var plainText: String {
        switch self {
        case .text(let text): text
        case .integer(let number): String(number)
        case .decimal(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .null: "null"
        case .list, .object: json
        }
    }

    /// As text, over several lines.
    public var json: String {
        var text = ""
        write(to: &text, indent: "")
        return text
    }

    private func write(to text: inout String, indent: String) {
        switch self {
        case .null, .bool, .integer, .decimal: text += plainText
        case .text(let value): AdminValue.write(quoted: value, to: &text)
        case .list(let values):
            text += "[ "
            for (place, value) in values.enumerated() {
                if place > 0 { text += ", " }
                value.write(to: &text, indent: indent)
            }
            text += values.isEmpty ? "]" : " ]"
        case .object(let fields):
            guard !fields.isEmpty else { return text += "{ }" }
            let inner = indent + "  "
            for (place, field) in fields.enumerated() {
                text += (place == 0 ? "{\n" : ",\n") + inner
                AdminValue.write(quoted: field.name, to: &text)
                text += " : "
                field.value.write(to: &text, indent: inner)
            }
            text += "\n\(indent)}"
        }
    }

    private static func write(quoted value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\" + String(scalar)
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16, uppercase: true)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
