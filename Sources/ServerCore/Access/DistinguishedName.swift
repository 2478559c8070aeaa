// The subject of a certificate as the x509 scheme names it: RFC 2253 as Java writes it, last part
// first. Certificates come from outside: whatever is not one gives nil.

/// Names in certificates.
public enum DistinguishedName {
    /// The subject of a certificate in DER.
    public static func subject(of certificate: [UInt8]) -> String? {
        var outer = DERReader(certificate[...])
        guard var body = outer.take(0x30)?.reader, var fields = body.take(0x30)?.reader else {
            return nil
        }
        // version [0]?, serial, signature, issuer, validity, subject
        if fields.peek == 0xa0 { _ = fields.take(0xa0) }
        guard fields.take(0x02) != nil, fields.take(0x30) != nil, fields.take(0x30) != nil,
            fields.take(0x30) != nil, let name = fields.take(0x30)
        else { return nil }
        return text(of: name.reader)
    }

    private static func text(of name: DERReader) -> String? {
        var reader = name
        var parts: [String] = []
        while !reader.isAtEnd {
            guard var set = reader.take(0x31)?.reader else { return nil }
            var values: [String] = []
            while !set.isAtEnd {
                guard let value = attribute(set.take(0x30)) else { return nil }
                values.append(value)
            }
            parts.append(values.joined(separator: "+"))
        }
        return parts.reversed().joined(separator: ",")
    }

    private static func attribute(_ element: DERReader.Element?) -> String? {
        guard var pair = element?.reader, let type = pair.take(0x06), let value = pair.takeAny()
        else { return nil }
        let number = objectNumber(type.content)
        if let keyword = keywords[number], let text = string(value) {
            return keyword + "=" + escaped(text)
        }
        return number + "=#" + value.whole.map(hex).joined()
    }

    private static let keywords = [
        "2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "STREET",
        "2.5.4.10": "O", "2.5.4.11": "OU", "0.9.2342.19200300.100.1.25": "DC",
        "0.9.2342.19200300.100.1.1": "UID",
    ]

    /// The kinds of text that hold bytes of ASCII or UTF-8, or units of UTF-16.
    private static func string(_ value: DERReader.Element) -> String? {
        switch value.tag {
        case 0x0c, 0x12, 0x13, 0x14, 0x16: return String(decoding: value.content, as: UTF8.self)
        case 0x1e:
            let bytes = Array(value.content)
            let units = stride(from: 0, to: bytes.count - 1, by: 2).map {
                UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
            }
            return String(decoding: units, as: UTF16.self)
        default: return nil
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        let scalars = Array(text.unicodeScalars)
        let last = scalars.lastIndex { $0 != " " } ?? -1
        for (place, scalar) in scalars.enumerated() {
            let isEdge =
                scalar == " " && (place > last || scalars[..<place].allSatisfy { $0 == " " })
            // More than the standard asks for, as Java does.
            if isEdge || ",=+<>#;\"\\".unicodeScalars.contains(scalar) { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    private static func objectNumber(_ bytes: ArraySlice<UInt8>) -> String {
        var numbers: [UInt64] = []
        var value: UInt64 = 0
        for byte in bytes {
            value = value << 7 | UInt64(byte & 0x7f)
            guard byte & 0x80 == 0 else { continue }
            if numbers.isEmpty {
                let first = min(value / 40, 2)
                numbers = [first, value - first * 40]
            } else {
                numbers.append(value)
            }
            value = 0
        }
        return numbers.map { String($0) }.joined(separator: ".")
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

/// Takes DER apart, element by element.
public struct DERReader {
    /// One element.
    public struct Element {
        /// Its kind.
        public let tag: UInt8
        /// What is in it.
        public let content: ArraySlice<UInt8>
        /// With tag and length.
        public let whole: ArraySlice<UInt8>

        /// The elements in it.
        public var reader: DERReader { DERReader(content) }
    }

    private var rest: ArraySlice<UInt8>

    /// Reads these bytes.
    public init(_ bytes: ArraySlice<UInt8>) { self.rest = bytes }

    /// Whether nothing is left.
    public var isAtEnd: Bool { rest.isEmpty }
    /// The kind of the next element.
    public var peek: UInt8? { rest.first }

    /// The next element, if it is of that kind.
    public mutating func take(_ tag: UInt8) -> Element? { peek == tag ? takeAny() : nil }

    /// The next element.
    public mutating func takeAny() -> Element? {
        let start = rest
        guard let tag = rest.popFirst(), tag & 0x1f != 0x1f, let first = rest.popFirst() else {
            return nil
        }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7f)
            guard count >= 1, count <= 4, rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard rest.count >= length else { return nil }
        let content = rest.prefix(length)
        rest = rest.dropFirst(length)
        return Element(
            tag: tag, content: content, whole: start.prefix(start.count - rest.count))
    }
}
