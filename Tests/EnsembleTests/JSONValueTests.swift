import AviaryEnsemble
import Foundation
import Testing

@Test func `what is printed as JSON is read back as it was`() throws {
    let text = "a \"quoted\" \\ path\n\t\u{1} é 🐦"
    let value = JSONValue.object([
        JSONValue.Field("text", .string(text)), JSONValue.Field("none", JSONValue(nil as Int?)),
        JSONValue.Field(
            "list", .list([.integer(-3), .bool(true), .decimal(2.5), .decimal(-0.05)])),
    ])
    let read = try #require(
        JSONSerialization.jsonObject(with: Data(value.text.utf8)) as? [String: Any])
    #expect(read["text"] as? String == text)
    #expect(read["none"] is NSNull)
    #expect((read["list"] as? [NSNumber])?.map(\.doubleValue) == [-3, 1, 2.5, -0.05])
}
