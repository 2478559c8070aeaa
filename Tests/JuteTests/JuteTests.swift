import Jute
import Testing

@Test func `values are read as they were written`() throws {
    var writer = JuteWriter(capacity: 1)
    let frame = writer.beginFrame()
    writer.writeBool(true)
    writer.writeInt32(-7)
    writer.writeInt64(Int64.min)
    writer.writeBuffer(nil)
    writer.writeBuffer([])
    writer.writeString("é")
    writer.endFrame(frame)
    let bytes = writer.copyBytes()

    var reader = JuteReader(bytes.rawSpan)
    #expect(try reader.readInt32() == Int32(bytes.count - 4))
    #expect(try reader.readBool())
    #expect(try reader.readInt32() == -7)
    #expect(try reader.readInt64() == Int64.min)
    #expect(try reader.readBuffer() == nil)
    #expect(try reader.readBuffer() == [])
    #expect(try reader.readString() == "é")
    #expect(reader.remaining == 0)
}

@Test(arguments: [[0, 0, 0, 5, 1], [0xff, 0xff, 0xff, 0xfe], [0, 0, 0]] as [[UInt8]])
func `a length that lies is an error`(bytes: [UInt8]) {
    var reader = JuteReader(bytes.rawSpan)
    var failed = false
    do { _ = try reader.readBuffer() } catch { failed = true }
    #expect(failed)
}

@Test func `a vector's count is checked against the bytes that are left`() {
    let bytes: [UInt8] = [0x7f, 0xff, 0xff, 0xff, 0, 0]
    var reader = JuteReader(bytes.rawSpan)
    var failure: JuteError?
    do throws(JuteError) { _ = try reader.readCount(elementSizeMin: 4) } catch { failure = error }
    #expect(failure == .truncated)
}
