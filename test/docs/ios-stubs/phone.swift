@_spi(Phone) import CallKit
import Foundation
@_spi(Phone) import PushKit
import UIKit

/// A phone whose app iOS has launched, in the background. Reads what happens, a line each: `token 0a1b…` and `push {…}`
/// are PushKit's, `answer <id>` and `end <id>` are the user's, in CallKit, `open` and `call <user>` in the app. Says what
/// CallKit is told, a line each, and `done` when the app is done with a push.
@main
enum Phone {
    static let app = AppDelegate()

    @MainActor
    static func main() {
        setvbuf(stdout, nil, _IOLBF, 0)
        CXProvider.tell = { print($0) }
        _ = app.application(.shared, didFinishLaunchingWithOptions: nil)
        Thread.detachNewThread {
            while let line = readLine() { DispatchQueue.main.async { happens(line) } }
            _exit(0) // not exit, which would wait for every thread that still reads
        }
        RunLoop.main.run()
    }

    static func happens(_ line: String) {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        let registry = PKPushRegistry.last!
        switch words[0] {
        case "token":
            let credentials = PKPushCredentials(type: .voIP, token: bytes(words[1]))
            registry.delegate?.pushRegistry(registry, didUpdate: credentials, for: .voIP)
        case "push":
            let body = try! JSONSerialization.jsonObject(with: Data(words[1].utf8)) as! [String: Any]
            let payload = PKPushPayload(type: .voIP, dictionaryPayload: body)
            let before = CXProvider.reports
            registry.delegate?.pushRegistry(registry, didReceiveIncomingPushWith: payload, for: .voIP) { print("done") }
            if CXProvider.reports == before {
                print("killed: the app never posted an incoming call")
                _exit(1)
            }
        case "answer":
            CXProvider.last!.perform([CXAnswerCallAction(call: UUID(uuidString: words[1])!)])
        case "end":
            CXProvider.last!.perform([CXEndCallAction(call: UUID(uuidString: words[1])!)])
        case "open":
            NotificationCenter.default.post(name: UIApplication.didBecomeActiveNotification, object: nil)
        case "call":
            Calls.shared.call(words[1], video: false)
        default:
            fatalError("\(line)?")
        }
    }

    static func bytes(_ hex: String) -> Data {
        let digits = Array(hex)
        return Data(stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16)! })
    }
}
