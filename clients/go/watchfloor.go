// Package watchfloor tells watchfloor what this process is and what it is about to do.
//
// One file, nothing but the standard library (Go 1.19 or newer): copy it into your project.
//
//	client := watchfloor.New(watchfloor.Optional())
//	client.Register("acme/payments/billing-bot", "")
//	client.Declare("llm", watchfloor.Details{Host: "api.openai.com", Port: 443})
//
// What is said is about this process and its children; the kernel tells watchfloor which process that is. Every call is a
// connection of its own, so that a child process never speaks with its parent's voice. A client may be shared by goroutines.
package watchfloor

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// DefaultSocket is where the daemon listens unless it was told otherwise.
const DefaultSocket = "/run/watchfloor/governance.sock"

const (
	// Everything together: wait for a turn, connect, say, hear.
	timeout = time.Second
	// Calls of one client that are under way at once; the others wait for their turn.
	maxCalls       = 8
	maxAnswerBytes = 65536
)

// Code says what kind of failure it was.
type Code string

const (
	// Unavailable: no daemon is there, or it does not answer.
	Unavailable Code = "unavailable"
	// Refused: the daemon said no, or this is nothing that can be said.
	Refused Code = "refused"
	// Protocol: what answers is not watchfloor.
	Protocol Code = "protocol"
)

// Error is the only error a call ends with.
type Error struct {
	Code    Code
	Message string
	Cause   error
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives what the system said, if it was the system.
func (e *Error) Unwrap() error { return e.Cause }

// Registered is who watchfloor takes this process for. Empty in optional mode after a failure.
type Registered struct {
	ID      string
	Session string
}

// Details is what is known of an action. What is left empty is not said, and then any value fits.
type Details struct {
	Host string
	Port int
	Tool string
	// Span is an id of your own, such as that of a trace.
	Span string
	// ValidFor counts from now on, in whole milliseconds; 30 seconds where it is not said, at most an hour.
	ValidFor time.Duration
}

// Client speaks for this process.
type Client struct {
	path     string
	optional bool
	turns    chan struct{}
	mutex    sync.Mutex
	last     error
}

// Option changes a client.
type Option func(*Client)

// SocketPath is asked instead of WATCHFLOOR_GOVERNANCE_SOCKET and DefaultSocket.
func SocketPath(path string) Option { return func(c *Client) { c.path = path } }

// Optional returns no errors: LastError has them.
func Optional() Option { return func(c *Client) { c.optional = true } }

// New makes a client; it connects only to say something.
func New(options ...Option) *Client {
	client := &Client{path: os.Getenv("WATCHFLOOR_GOVERNANCE_SOCKET"), turns: make(chan struct{}, maxCalls)}
	for _, option := range options {
		option(client)
	}
	if client.path == "" {
		client.path = DefaultSocket
	}
	return client
}

// Register says that this process is the agent "org/team/agent". The name is what it is called in lists; it may be empty.
func (c *Client) Register(agent, name string) (Registered, error) {
	answer, err := c.say(message{Type: "register", Agent: agent, Name: name})
	if err == nil && answer.Session == "" {
		err = &Error{Code: Protocol, Message: "the answer has no session"}
	}
	if err != nil {
		return Registered{}, c.failed(err)
	}
	return Registered{ID: answer.ID, Session: answer.Session}, nil
}

// Declare says that this process, or one it started, is about to do this, and gives the declaration's id.
// The action is "exec", "connect", "llm" or "tool".
func (c *Client) Declare(action string, details Details) (string, error) {
	answer, err := c.say(message{
		Type: "declare", Action: action, Host: details.Host, Port: details.Port, Tool: details.Tool,
		Span: details.Span, ValidForMs: milliseconds(details.ValidFor),
	})
	if err != nil {
		return "", c.failed(err)
	}
	return answer.ID, nil
}

// Declared declares, and then does it. There is no end to declare: it holds for ValidFor.
func (c *Client) Declared(action string, details Details, body func() error) error {
	if _, err := c.Declare(action, details); err != nil {
		return err
	}
	return body()
}

// LastError is why the last call that failed did.
func (c *Client) LastError() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.last
}

func (c *Client) failed(err error) error {
	var known *Error
	if !errors.As(err, &known) {
		err = &Error{Code: Unavailable, Message: fmt.Sprintf("watchfloor cannot be reached: %v", err), Cause: err}
	}
	c.mutex.Lock()
	c.last = err
	c.mutex.Unlock()
	if c.optional {
		return nil
	}
	return err
}

// milliseconds rounds away from zero, which would be as if it had not been said.
func milliseconds(span time.Duration) int64 {
	if span > 0 && span < time.Millisecond {
		return 1
	}
	return span.Milliseconds()
}

type message struct {
	V          int    `json:"v"`
	Type       string `json:"type"`
	Agent      string `json:"agent,omitempty"`
	Name       string `json:"name,omitempty"`
	Action     string `json:"action,omitempty"`
	Host       string `json:"host,omitempty"`
	Port       int    `json:"port,omitempty"`
	Tool       string `json:"tool,omitempty"`
	Span       string `json:"span,omitempty"`
	ValidForMs int64  `json:"valid_for_ms,omitempty"`
}

type answer struct {
	OK      *bool  `json:"ok"`
	ID      string `json:"id"`
	Session string `json:"session"`
	Error   string `json:"error"`
}

func (c *Client) say(said message) (answer, error) {
	said.V = 1
	line, err := json.Marshal(said)
	if err != nil {
		return answer{}, err
	}
	deadline := time.Now().Add(timeout)
	wait := time.NewTimer(timeout)
	defer wait.Stop()
	select {
	case c.turns <- struct{}{}:
		defer func() { <-c.turns }()
	case <-wait.C:
		return answer{}, &Error{Code: Unavailable, Message: "too many calls at once"}
	}
	back, err := exchange(c.path, append(line, '\n'), deadline)
	if err != nil {
		return answer{}, err
	}
	var heard answer
	if json.Unmarshal(back, &heard) == nil && heard.OK != nil {
		if *heard.OK && heard.ID != "" {
			return heard, nil
		}
		if !*heard.OK && heard.Error != "" {
			return answer{}, &Error{Code: Refused, Message: heard.Error}
		}
	}
	return answer{}, &Error{Code: Protocol, Message: "what answers is not watchfloor"}
}

// exchange sends one line and gives the one that comes back.
func exchange(path string, line []byte, deadline time.Time) ([]byte, error) {
	dialer := net.Dialer{Deadline: deadline}
	connection, err := dialer.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := connection.Write(line); err != nil {
		return nil, err
	}
	reader := bufio.NewReader(io.LimitReader(connection, maxAnswerBytes))
	back, err := reader.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(back) >= maxAnswerBytes {
		return nil, &Error{Code: Protocol, Message: "the answer is too long"}
	}
	if errors.Is(err, io.EOF) {
		return nil, &Error{Code: Unavailable, Message: "the connection was closed without an answer"}
	}
	return back, err
}
