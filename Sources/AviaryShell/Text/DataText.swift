// A znode's data in forms that any terminal shows.

/// RFC 4648 base64, with padding.
func base64Text(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        bits <<= UInt32(3 - group.count) * 8
        for place in 0..<4 {
            let sextet = Int(bits >> UInt32(18 - 6 * place) & 63)
            text.append(place <= group.count ? alphabet[sextet] : "=")
        }
    }
    return text
}

/// The bytes of a base64 text, nil where it is none.
func bytes(ofBase64 text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    let digits = text.utf8.filter { $0 != UInt8(ascii: "=") }
    guard text.utf8.count.isMultiple(of: 4), text.utf8.count - digits.count <= 2 else { return nil }
    for digit in digits {
        let value: UInt8
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): value = digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): value = 62
        case UInt8(ascii: "/"): value = 63
        default: return nil
        }
        bits = bits << 6 | UInt32(value)
        count += 6
        if count >= 8 {
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
    }
    return bytes
}

/// A table of sixteen bytes a row, with the characters beside them; nothing for no bytes.
func hexText(_ bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "" }
    let rule = String(repeating: "-", count: 49)
    let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    var lines = [
        "         +\(rule)+",
        "         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |",
        "+--------+\(rule)+----------------+",
    ]
    for start in stride(from: 0, to: bytes.count, by: 16) {
        let row = start..<min(start + 16, bytes.count)
        let offset = String(start, radix: 16)
        let cells = hex[row].joined(separator: " ")
        let characters = String(
            decoding: bytes[row].map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: ".") },
            as: UTF8.self)
        let zeros = String(repeating: "0", count: max(0, 8 - offset.count))
        let gap = String(repeating: " ", count: 48 - cells.count)
        let tail = String(repeating: " ", count: 16 - row.count)
        lines.append("|\(zeros)\(offset)| \(cells)\(gap)|\(characters)\(tail)|")
    }
    lines.append("+--------+\(rule)+----------------+")
    return lines.joined(separator: "\n")
}
