using System.Text.Json;
using System.Text.Unicode;

namespace SharedState.Host.Protocol;

/// <summary>Reads a message into a <see cref="Request"/>. Never throws: whatever is wrong becomes the request's error.</summary>
internal static class RequestReader
{
    /// <summary>Reads and checks one message. What it keeps of the message is copied.</summary>
    public static Request Read(ReadOnlySpan<byte> message, Limits limits)
    {
        var request = new Request();
        if (!Utf8.IsValid(message))
        {
            request.Error = Error.BadRequest("the message is not valid UTF-8");
            return request;
        }
        var envelope = new Envelope();
        try
        {
            // The reader's own bound only has to be wide enough; JsonSlice keeps the ones that are promised.
            var reader = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = limits.EnvelopeDepth + limits.ItemDepth });
            envelope.Read(ref reader, message, request, limits);
        }
        catch (JsonException exception)
        {
            request.Error = NotJson(exception, limits);
        }
        if (request.Error is null) envelope.Address(message, request, limits);
        if (request.Error is not null) request.Target = Target.None;
        return request;
    }

    private static Error NotJson(JsonException exception, Limits limits) => exception.BytePositionInLine is { } column
        ? Error.BadRequest(
            $"the message is not JSON, or nested deeper than {limits.EnvelopeDepth} levels outside its items; line {exception.LineNumber + 1}, byte {column + 1}")
        : Error.BadRequest("the message is not JSON");

    /// <summary>The fields of a message, as far as they were read.</summary>
    private ref struct Envelope
    {
        private bool _type, _command, _path, _argument, _tunnel;
        private bool _isRequest, _isGet, _isPut;
        private string? _pathText;
        private JsonSlice _argumentSlice;

        public void Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Request request, Limits limits)
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                request.Error = Error.BadRequest("a message is a JSON object");
                return;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("type"u8))
                {
                    Once(ref _type, "type", request);
                    reader.Read();
                    _isRequest = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("REQUEST"u8);
                    JsonSlice.Skip(ref reader, limits.EnvelopeDepth, request);
                }
                else if (reader.ValueTextEquals("cmd"u8))
                {
                    Once(ref _command, "cmd", request);
                    reader.Read();
                    ReadCommand(ref reader, message, request, limits);
                }
                else if (reader.ValueTextEquals("path"u8))
                {
                    Once(ref _path, "path", request);
                    reader.Read();
                    ReadPath(ref reader, request, limits);
                }
                else if (reader.ValueTextEquals("arg"u8))
                {
                    Once(ref _argument, "arg", request);
                    reader.Read();
                    ReadArgument(ref reader, message, request, limits);
                }
                else if (reader.ValueTextEquals("tunnel"u8))
                {
                    Once(ref _tunnel, "tunnel", request);
                    reader.Read();
                    request.Tunnel = JsonSlice.Read(ref reader, limits.EnvelopeDepth, request).Of(message).ToArray();
                }
                else
                {
                    reader.Read();
                    JsonSlice.Skip(ref reader, limits.EnvelopeDepth, request);
                }
            }
            reader.Read(); // anything after the object is an error that the reader throws
            if (!_isRequest) request.Error ??= Error.BadRequest("a message's \"type\" is \"REQUEST\"");
            else if (!_isGet && !_isPut) request.Error ??= Error.BadRequest("a request's \"cmd\" is \"GET\" or \"PUT\"");
            else if (_pathText is null) request.Error ??= Error.BadRequest("a request has a \"path\", a string");
        }

        /// <summary>Settles what the request is addressed to, and reads the argument if it came before the path.</summary>
        public void Address(ReadOnlySpan<byte> message, Request request, Limits limits)
        {
            if (!Resolve(request, limits) || request.Target is not (Target.Update or Target.ChangeSubscriptions)) return;
            if (request.Update is not null || request.Subscriptions is not null) return;
            if (_argumentSlice.IsEmpty)
            {
                request.Error = Error.BadRequest("a PUT has an \"arg\", an object");
                return;
            }
            var argument = _argumentSlice.Of(message);
            var reader = new Utf8JsonReader(argument, new JsonReaderOptions { MaxDepth = limits.EnvelopeDepth + limits.ItemDepth });
            reader.Read();
            ReadArgumentOf(ref reader, argument, request, limits);
        }

        private static void Once(ref bool seen, string field, Request request)
        {
            if (seen) request.Error ??= Error.BadRequest($"the message has two fields \"{field}\"");
            seen = true;
        }

        private void ReadCommand(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Request request, Limits limits)
        {
            if (reader.TokenType != JsonTokenType.String)
            {
                JsonSlice.Skip(ref reader, limits.EnvelopeDepth, request);
                return;
            }
            _isGet = reader.ValueTextEquals("GET"u8);
            _isPut = reader.ValueTextEquals("PUT"u8);
            request.Command = JsonSlice.Read(ref reader, limits.EnvelopeDepth, request).Of(message).ToArray();
        }

        private void ReadPath(ref Utf8JsonReader reader, Request request, Limits limits)
        {
            if (!JsonText.TryRead(ref reader, out _pathText))
                request.Error ??= Error.BadRequest("a request's \"path\" is a string, without lone surrogates");
            JsonSlice.Skip(ref reader, limits.EnvelopeDepth, request);
        }

        // The common order of fields has cmd and path before arg: then the argument is read where it stands. Otherwise (or when it turns
        // out to be wrong, to find what follows it) it is passed over.
        private void ReadArgument(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Request request, Limits limits)
        {
            if (_isPut && _pathText is not null && request.Error is null && Resolve(request, limits))
            {
                var ahead = reader;
                ReadArgumentOf(ref ahead, message, request, limits);
                if (request.Error is null)
                {
                    reader = ahead;
                    return;
                }
            }
            // Without a known target, items are still allowed their own depth.
            _argumentSlice = JsonSlice.Read(ref reader, limits.EnvelopeDepth + limits.ItemDepth, request);
        }

        private static void ReadArgumentOf(ref Utf8JsonReader reader, ReadOnlySpan<byte> message, Request request, Limits limits)
        {
            if (request.Target == Target.Update) UpdateReader.Read(ref reader, message, request, limits);
            else if (request.Target == Target.ChangeSubscriptions) SubscriptionReader.Read(ref reader, message, request, limits);
            else JsonSlice.Skip(ref reader, limits.EnvelopeDepth, request);
        }

        private readonly bool Resolve(Request request, Limits limits)
        {
            var segments = CollectionPath.Segments(_pathText!);
            (request.Target, var error) = (segments.Length, _isPut) switch
            {
                (0, false) => (Target.Services, null),
                (0, true) => (Target.None, Error.BadRequest("/ can only be read")),
                (1, _) => ResolveOwn(segments[0]),
                (2, false) => (Target.Listing, null),
                (3, _) => (_isPut ? Target.Update : Target.Read, null),
                _ => (Target.None, CollectionPath.NotThreeSegments(segments.Length)),
            };
            if (request.Target is Target.Listing or Target.Update or Target.Read)
            {
                request.Path = new(segments[0], segments[1], segments.Length == 3 ? segments[2] : "");
                error = CollectionPath.Check(segments, limits);
            }
            request.Error ??= error;
            return request.Error is null;
        }

        private readonly (Target, Error?) ResolveOwn(string name) => (name, _isPut) switch
        {
            ("clock", false) => (Target.Clock, null),
            ("clock", true) => (Target.None, Error.BadRequest("/clock can only be read")),
            ("subs", false) => (Target.Subscriptions, null),
            ("subs", true) => (Target.ChangeSubscriptions, null),
            _ => (Target.None, CollectionPath.NotThreeSegments(1)),
        };
    }
}
