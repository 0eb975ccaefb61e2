using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using AdmitOne.Platform.Configuration;

namespace AdmitOne.Cli.Local;

internal static class FreePort
{
    // Below the range that the kernel hands to outgoing connections (32768 on Linux), so that a remembered port is not taken by one of those.
    private const int Lowest = 20_000;
    private const int Highest = 32_000 - ServiceOptions.MetricsDistance;   // /metrics answers so far above a service's port

    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <returns>The remembered port if it still is free, else another.</returns>
    /// <exception cref="CannotRunException">A hundred guesses were all taken.</exception>
    public static int Choose(int? remembered)
    {
        if (remembered is { } port && IsFree(port))
        {
            return port;
        }

        for (var guess = 0; guess < 100; guess++)
        {
            var candidate = RandomNumberGenerator.GetInt32(Lowest, Highest);
            if (IsFree(candidate))
            {
                return candidate;
            }
        }

        throw new CannotRunException($"no free port between {Lowest} and {Highest} on 127.0.0.1");
    }
}
