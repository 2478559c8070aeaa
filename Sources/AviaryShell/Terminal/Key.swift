/// What a person pressed.
enum Key: Equatable {
    case text(Unicode.Scalar)
    case enter, tab, backspace, delete
    case left, right, up, down, home, end
    case wordLeft, wordRight
    case eraseToEnd, eraseToStart, eraseWord
    case clearScreen, interrupt, endOfInput
}

/// Makes keys of a terminal's bytes, which come one by one and cut anywhere.
struct KeyDecoder {
    /// Bytes of one sequence that are remembered; a longer one means nothing to us.
    static let sequenceMax = 16

    private enum State {
        case ground
        case escape
        case sequence([UInt8])
        case character([UInt8], count: Int)
    }

    private var state = State.ground

    /// Takes the next byte; nil while a key is not whole, and for those that mean nothing here.
    mutating func take(_ byte: UInt8) -> Key? {
        switch state {
        case .ground: return ground(byte)
        case .escape:
            state = .ground
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "O"): state = .sequence([])
            case UInt8(ascii: "b"): return .wordLeft
            case UInt8(ascii: "f"): return .wordRight
            case 0x7f: return .eraseWord
            case 0x1b: state = .escape
            default: break
            }
            return nil
        case .sequence(let bytes):
            // A sequence ends with the first byte that is no parameter.
            if (0x20...0x3f).contains(byte), bytes.count < Self.sequenceMax {
                state = .sequence(bytes + [byte])
                return nil
            }
            state = .ground
            return Self.key(parameters: bytes, final: byte)
        case .character(var bytes, let count):
            guard byte & 0xc0 == 0x80 else {
                state = .ground
                return ground(byte)
            }
            bytes.append(byte)
            state = bytes.count < count ? .character(bytes, count: count) : .ground
            guard bytes.count == count else { return nil }
            return String(validating: bytes, as: UTF8.self)?.unicodeScalars.first.map { .text($0) }
        }
    }

    private mutating func ground(_ byte: UInt8) -> Key? {
        switch byte {
        case 0x01: return .home
        case 0x02: return .left
        case 0x03: return .interrupt
        case 0x04: return .endOfInput
        case 0x05: return .end
        case 0x06: return .right
        case 0x08, 0x7f: return .backspace
        case 0x09: return .tab
        case 0x0a, 0x0d: return .enter
        case 0x0b: return .eraseToEnd
        case 0x0c: return .clearScreen
        case 0x0e: return .down
        case 0x10: return .up
        case 0x15: return .eraseToStart
        case 0x17: return .eraseWord
        case 0x1b: state = .escape
        case 0x20...0x7e: return .text(Unicode.Scalar(byte))
        case 0xc2...0xdf: state = .character([byte], count: 2)
        case 0xe0...0xef: state = .character([byte], count: 3)
        case 0xf0...0xf4: state = .character([byte], count: 4)
        default: break
        }
        return nil
    }

    private static func key(parameters: [UInt8], final: UInt8) -> Key? {
        let text = String(decoding: parameters, as: UTF8.self)
        let isWithControl = text.hasSuffix(";5") || text.hasSuffix(";3")
        switch final {
        case UInt8(ascii: "A"): return .up
        case UInt8(ascii: "B"): return .down
        case UInt8(ascii: "C"): return isWithControl ? .wordRight : .right
        case UInt8(ascii: "D"): return isWithControl ? .wordLeft : .left
        case UInt8(ascii: "H"): return .home
        case UInt8(ascii: "F"): return .end
        case UInt8(ascii: "~"):
            switch text {
            case "1", "7": return .home
            case "4", "8": return .end
            case "3": return .delete
            default: return nil
            }
        default: return nil
        }
    }
}
