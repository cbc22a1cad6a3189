"""For each line it is given, asks the model for the path on that line. Opens TLS only with the first."""
import sys

for line in sys.stdin:
    import urllib.request

    try:
        urllib.request.urlopen("https://api.openai.com" + line.strip(), timeout=10).read()
    except urllib.error.HTTPError:
        pass
    print("{}", flush=True)
